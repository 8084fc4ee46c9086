"""HTTP server that follows a script: one step per request, such as an answer, a reset or silence."""

import json
import socket
import ssl
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any
from zlib import crc32

Step = Callable[[socket.socket], bool]
"""Function that reacts to one request on its connection. It returns False if the connection is to be closed."""


def answer(status: int, body: bytes = b"{}", **headers: str) -> Step:
    """Return a step that sends an answer; underscores in the names of headers become hyphens."""
    return send(http_answer(status, body, **headers))


def refusal(status: int, code: str, **headers: str) -> Step:
    """Return a step that sends an error of a JSON protocol."""
    return answer(status, json.dumps({"__type": f"com.amazonaws#{code}", "message": "scripted"}).encode(), **headers)


def send(data: bytes, *, is_last: bool = False) -> Step:
    """Return a step that sends these bytes and then, if they are the last ones, closes the connection."""

    def step(connection: socket.socket) -> bool:
        connection.sendall(data)
        return not is_last

    return step


def http_answer(status: int, body: bytes, **headers: str) -> bytes:
    """Return the bytes of an answer. A DynamoDB answer has the checksum of its body unless a header overrides it."""
    known = {"content_type": "application/x-amz-json-1.0", "x_amz_crc32": str(crc32(body))} | headers
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in known.items()]
    return "\r\n".join([f"HTTP/1.1 {status} Scripted", *lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


def truncated(connection: socket.socket) -> bool:
    """Send half of an answer and close the connection."""
    connection.sendall(http_answer(200, b'{"Item": {"pk": {"S": "a"}}}')[:-9])
    return False


def corrupt(connection: socket.socket) -> bool:
    """Send an answer whose body does not have its checksum."""
    connection.sendall(http_answer(200, b'{"Item": {"pk": {"S": "a"}}}', x_amz_crc32="1"))
    return True


def endless(first: bytes, more: bytes, *, every: float = 0.0) -> Step:
    """Return a step that sends `first`, and then `more` without an end, with a pause of some seconds between."""

    def step(connection: socket.socket) -> bool:
        connection.sendall(first)
        while True:
            time.sleep(every)
            connection.sendall(more)

    return step


def close(_: socket.socket) -> bool:
    """Close the connection without an answer."""
    return False


def reset(connection: socket.socket) -> bool:
    """Reset the connection."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


@dataclass
class ScriptedServer:
    """Server of one script. After its last step it answers `{}`. `requests` has the head and body of each request."""

    script: list[Step]
    requests: list[tuple[str, bytes]] = field(default_factory=list)
    connections: int = 0
    address: str = ""
    context: ssl.SSLContext | None = None
    """Context of the server's side of TLS; None for plain HTTP."""

    def __post_init__(self) -> None:
        self._stopped = Event()

    def silent(self, _: socket.socket) -> bool:
        """Send nothing until the server stops."""
        self._stopped.wait(10)
        return False

    def serve(self, listener: socket.socket) -> None:
        """Accept connections until the listener is closed."""
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            Thread(target=self._serve_connection, args=(connection,), daemon=True).start()

    def stop(self) -> None:
        """End the silence."""
        self._stopped.set()

    def _encrypt(self, connection: socket.socket) -> socket.socket:
        return self.context.wrap_socket(connection, server_side=True) if self.context else connection

    def _serve_connection(self, connection: socket.socket) -> None:
        with suppress(OSError), self._encrypt(connection) as plain, plain.makefile("rb") as stream:
            while (request := _read_request(stream)) is not None:
                self.requests.append(request)
                step = self.script.pop(0) if self.script else answer(200)
                if not step(plain):
                    return


def _read_request(stream: Any) -> tuple[str, bytes] | None:
    head = ""
    while not head.endswith("\r\n\r\n"):
        if not (line := stream.readline()):
            return None
        head += line.decode("latin-1")
    length = next((line[16:] for line in head.lower().split("\r\n") if line.startswith("content-length: ")), "0")
    return head, stream.read(int(length))


@contextmanager
def serving(*script: Step, context: ssl.SSLContext | None = None) -> Iterator[ScriptedServer]:
    """Run a server with a script; its `address` is its URL. With a context, it serves TLS."""
    server = ScriptedServer(list(script), context=context)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        scheme = "https" if context else "http"
        server.address = f"{scheme}://127.0.0.1:{listener.getsockname()[1]}"
        acceptor = Thread(target=server.serve, args=(listener,), daemon=True)
        acceptor.start()
        try:
            yield server
        finally:
            server.stop()
            listener.shutdown(socket.SHUT_RDWR)
            acceptor.join()  # else it could accept a connection of the next server, whose socket has the same number
