"""Load over HTTP/1.1 on kept connections, from one thread that costs little beside the server."""

import re
import selectors
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

TIMEOUT_SECONDS = 60.0
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


class BadAnswer(Exception):
    """The server refused a request, closed the connection, or took too long."""


@dataclass(frozen=True, slots=True)
class Load:
    """What was measured: the seconds of each request, and of all of them together."""

    latencies: list[float]
    elapsed: float


@dataclass(slots=True)
class _Connection:
    socket: socket.socket
    answer: bytearray = field(default_factory=bytearray)
    started: float = 0.0

    def send(self, request: bytes) -> None:
        self.answer.clear()
        self.socket.setblocking(True)
        self.started = time.perf_counter()
        self.socket.sendall(request)
        self.socket.setblocking(False)


def request(address: tuple[str, int], path: str, body: bytes) -> bytes:
    """Return the bytes of a POST of JSON."""
    host, port = address
    head = f"POST {path} HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: application/json\r\nAccept: */*\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def ask(address: tuple[str, int], content: bytes) -> bytes:
    """Return the body of the answer to one request; raise BadAnswer, or OSError if nobody listens."""
    with _connected(address) as connection:
        connection.settimeout(TIMEOUT_SECONDS)
        connection.sendall(content)
        answer = bytearray()
        while (end := _complete(answer)) is None:
            if not (piece := connection.recv(1 << 20)):
                raise BadAnswer("the connection was closed")
            answer += piece
    return _body(bytes(answer[:end]))


def drive(address: tuple[str, int], requests: Sequence[bytes], connections: int) -> Load:
    """Send all requests, as many at a time as there are connections, each as soon as one is free."""
    waiting, latencies = iter(requests), list[float]()
    deadline = time.monotonic() + TIMEOUT_SECONDS
    with ExitStack() as stack:
        selector = stack.enter_context(selectors.DefaultSelector())
        for _ in range(min(connections, len(requests))):
            connection = _Connection(stack.enter_context(_connected(address)))
            selector.register(connection.socket, selectors.EVENT_READ, connection)
        started = time.perf_counter()
        for key in list(selector.get_map().values()):
            key.data.send(next(waiting))
        while len(latencies) < len(requests):
            if time.monotonic() > deadline:
                raise BadAnswer("the load did not end in time")
            for connection in _readable(selector):
                if _complete(connection.answer) is None:
                    continue
                latencies.append(time.perf_counter() - connection.started)
                if (following := next(waiting, None)) is not None:
                    connection.send(following)
        return Load(latencies, time.perf_counter() - started)


def _readable(selector: selectors.BaseSelector) -> Iterator[_Connection]:
    for key, _ in selector.select(timeout=1.0):
        if not (piece := key.data.socket.recv(1 << 20)):
            raise BadAnswer("the connection was closed")
        key.data.answer += piece
        yield key.data


def _connected(address: tuple[str, int]) -> socket.socket:
    connection = socket.create_connection(address, timeout=5.0)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _body(answer: bytes) -> bytes:
    head, _, body = answer.partition(b"\r\n\r\n")
    if _LENGTH.search(head):
        return body
    pieces = []
    while body:  # chunked: its size in hexadecimal, then the piece
        size, _, rest = body.partition(b"\r\n")
        length = int(size, 16)
        pieces.append(rest[:length])
        body = rest[length + 2 :] if length else b""
    return b"".join(pieces)


def _complete(answer: bytearray) -> int | None:
    """Return where the answer ends, or None while it has not; raise BadAnswer unless its status is 2xx."""
    if (head := answer.find(b"\r\n\r\n")) < 0:
        return None
    if answer[9:10] != b"2":
        raise BadAnswer(bytes(answer[:600]).decode(errors="replace"))
    if length := _LENGTH.search(answer, 0, head + 2):
        end = head + 4 + int(length[1])
        return end if len(answer) >= end else None
    return len(answer) if answer.endswith(b"0\r\n\r\n") else None
