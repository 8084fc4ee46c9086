"""Reads files in blocks, with constant memory."""

from collections.abc import Iterator

from vigil.decisions.batches.limits_model import READ_BYTES
from vigil.decisions.batches.ports import BatchFiles


def read_blocks(files: BatchFiles, key: str, version: str, start: int) -> Iterator[bytes]:
    """Yield a file from an offset on, in blocks of READ_BYTES. Raises NotFound."""
    block = bytes(READ_BYTES)
    while len(block) == READ_BYTES and (block := files.read(key, version, start, READ_BYTES)):
        yield block
        start += len(block)
