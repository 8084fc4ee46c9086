"""HTTP/1.1 load generator on persistent connections, in one thread with little CPU."""

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
    """Error for a refused request, a closed connection or a time-out."""


@dataclass(frozen=True, slots=True)
class Load:
    """Result of a load: the seconds of each request, and of the whole load."""

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


def build_request(address: tuple[str, int], path: str, body: bytes) -> bytes:
    """Return the bytes of a POST request with a JSON body."""
    host, port = address
    head = f"POST {path} HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: application/json\r\nAccept: */*\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def send_request(address: tuple[str, int], content: bytes) -> bytes:
    """Send one request and return the body of the response; raise BadAnswer, or OSError without a server."""
    with _connected(address) as connection:
        connection.settimeout(TIMEOUT_SECONDS)
        connection.sendall(content)
        answer = bytearray()
        while (end := _complete(answer)) is None:
            if not (chunk := connection.recv(1 << 20)):
                raise BadAnswer("the connection was closed")
            answer += chunk
    return _body(bytes(answer[:end]))


def run_load(address: tuple[str, int], requests: Sequence[bytes], connections: int) -> Load:
    """Send all requests over several connections; each connection sends its next request after a response."""
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
                raise BadAnswer(f"the load did not end within {TIMEOUT_SECONDS:.0f} s")
            for connection in _readable(selector):
                if _complete(connection.answer) is None:
                    continue
                latencies.append(time.perf_counter() - connection.started)
                if (following := next(waiting, None)) is not None:
                    connection.send(following)
        return Load(latencies, time.perf_counter() - started)


def _readable(selector: selectors.BaseSelector) -> Iterator[_Connection]:
    for key, _ in selector.select(timeout=1.0):
        if not (chunk := key.data.socket.recv(1 << 20)):
            raise BadAnswer("the connection was closed")
        key.data.answer += chunk
        yield key.data


def _connected(address: tuple[str, int]) -> socket.socket:
    connection = socket.create_connection(address, timeout=5.0)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _body(answer: bytes) -> bytes:
    head, _, body = answer.partition(b"\r\n\r\n")
    if _LENGTH.search(head):
        return body
    chunks = []
    while body:  # chunked: size in hexadecimal, then the chunk
        size, _, rest = body.partition(b"\r\n")
        length = int(size, 16)
        chunks.append(rest[:length])
        body = rest[length + 2 :] if length else b""
    return b"".join(chunks)


def _complete(answer: bytearray) -> int | None:
    """Return the end of a complete response, else None; raise BadAnswer unless the status is 2xx."""
    if (head := answer.find(b"\r\n\r\n")) < 0:
        return None
    if answer[9:10] != b"2":
        raise BadAnswer(bytes(answer[:600]).decode(errors="replace"))
    if length := _LENGTH.search(answer, 0, head + 2):
        end = head + 4 + int(length[1])
        return end if len(answer) >= end else None
    return len(answer) if answer.endswith(b"0\r\n\r\n") else None
