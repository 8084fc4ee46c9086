"""Unpacks gzip as a stream with constant memory and rejects bombs."""

import zlib
from collections.abc import Iterable, Iterator

from vigil.decisions.batches.limits_model import MAX_UNPACK_RATIO, MAX_UNPACKED_BYTES
from vigil.errors import FieldError, InvalidInput

_STEP = 1 << 20
_GZIP = 16 + zlib.MAX_WBITS
_FREE = 1 << 20
"""Unpacked bytes up to which the ratio is not checked. Small repetitive files have high ratios."""


def unpack_gzip(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the content of all members of a gzip stream, at most 1 MiB at a time.

    Zero bytes behind a member are skipped. Raises InvalidInput for a broken or truncated stream, and for an unpacked
    size above MAX_UNPACKED_BYTES or above MAX_UNPACK_RATIO times the packed size.
    """
    packed = unpacked = 0
    member = zlib.decompressobj(_GZIP)
    for block in blocks:
        packed += len(block)
        left = block
        while left:
            if member.eof:
                if not (left := left.lstrip(b"\0")):  # padding of tapes and block devices, which gzip accepts too
                    break
                member = zlib.decompressobj(_GZIP)
            text = _step(member, left)
            unpacked += len(text)
            if unpacked > MAX_UNPACKED_BYTES or (unpacked > _FREE and unpacked > MAX_UNPACK_RATIO * packed):
                bound = f"at most {MAX_UNPACKED_BYTES} bytes, and {MAX_UNPACK_RATIO} times its own size"
                raise InvalidInput(FieldError("file", "unpacks to too much", bound))
            yield text
            left = member.unused_data if member.eof else member.unconsumed_tail
    if not member.eof:
        raise _broken()


def _step(member: "zlib._Decompress", data: bytes) -> bytes:
    try:
        return member.decompress(data, _STEP)
    except zlib.error as error:
        raise _broken() from error


def _broken() -> InvalidInput:
    return InvalidInput(FieldError("file", "is broken gzip, or cut short", "RFC 1952"))
