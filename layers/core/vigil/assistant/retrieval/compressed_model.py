"""Compressed JSON with a bounded size."""

import json
import zlib
from typing import Any


def compress(value: object) -> bytes:
    """Return a value as compressed JSON."""
    return zlib.compress(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def decompress(content: bytes, max_bytes: int) -> Any:
    """Return the value of compressed JSON. Raises ValueError if it is damaged, or larger than `max_bytes`."""
    stream = zlib.decompressobj()
    try:
        document = stream.decompress(content, max_bytes)
    except zlib.error as error:
        raise ValueError("the content is not compressed") from error
    if not stream.eof or stream.unused_data:
        raise ValueError("the content is incomplete or too large")
    return json.loads(document)
