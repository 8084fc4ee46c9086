"""Reads HTTP/1.1 answers. The standard library parses their headers as e-mail, at half of a call's CPU time."""

from collections.abc import Mapping
from http.client import HTTPException, IncompleteRead, LineTooLong, RemoteDisconnected
from io import BufferedReader
from typing import NamedTuple

_MAX_LINE_BYTES = 65_536
_MAX_HEADERS = 100


class Answer(NamedTuple):
    """HTTP answer. The names of its headers are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    is_last: bool = False
    """True if the connection cannot be used again."""
    is_complete: bool = True
    """False if the connection ended within the body."""


def read_answer(stream: BufferedReader, max_bytes: int | None = None) -> Answer:
    """Return the next answer. A body with a declared length above `max_bytes` is left unread and empty.

    Raises HTTPException for a malformed answer, and OSError of the connection.
    """
    status = 100
    while 100 <= status < 200:  # such an answer only announces the real one
        version, status = _read_status(stream)
        headers = _read_headers(stream)
    options = headers.get("connection", "").lower()
    is_last = "close" in options if version == b"HTTP/1.1" else "keep-alive" not in options
    if "chunked" in headers.get("transfer-encoding", "").lower():
        return Answer(status, headers, _read_chunks(stream), is_last)
    if status in (204, 304):
        return Answer(status, headers, b"", is_last)
    if (length := headers.get("content-length")) is None:
        return Answer(status, headers, stream.read(), is_last=True)
    if not length.isdecimal():
        raise HTTPException("the length of an answer is malformed")
    if max_bytes is not None and int(length) > max_bytes:
        return Answer(status, headers, b"", is_last=True)
    body = stream.read(int(length))
    is_complete = len(body) == int(length)
    return Answer(status, headers, body, is_last or not is_complete, is_complete)


def _read_status(stream: BufferedReader) -> tuple[bytes, int]:
    line = _read_line(stream)
    if not line:
        raise RemoteDisconnected("the server closed the connection without an answer")
    version, _, rest = line.partition(b" ")
    status = rest[:3]
    if not version.startswith(b"HTTP/1.") or not status.isdigit() or rest[3:4].strip():
        raise HTTPException("the status line of an answer is malformed")
    return version, int(status)


def _read_headers(stream: BufferedReader) -> dict[str, str]:
    headers: dict[str, str] = {}
    for _ in range(_MAX_HEADERS):
        line = _read_line(stream)
        if line in (b"\r\n", b"\n"):
            return headers
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon:
            raise IncompleteRead(line)
        name, value = name.lower(), value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    raise HTTPException(f"an answer has more than {_MAX_HEADERS} headers")


def _read_chunks(stream: BufferedReader) -> bytes:
    """Return the body of an answer in chunks; each one has its size in hex before it."""
    chunks: list[bytes] = []
    while True:
        size = _read_line(stream).partition(b";")[0].strip()
        if not size or size.strip(b"0123456789abcdefABCDEF"):
            raise IncompleteRead(b"".join(chunks))
        if not (length := int(size, 16)):
            break
        chunks.append(stream.read(length))
        if _read_line(stream).strip():
            raise HTTPException("a chunk of an answer is malformed")
    _read_headers(stream)  # trailers
    return b"".join(chunks)


def _read_line(stream: BufferedReader) -> bytes:
    line = stream.readline(_MAX_LINE_BYTES + 1)
    if len(line) > _MAX_LINE_BYTES:
        raise LineTooLong("line of an answer")
    return line
