"""The API for tests of commands: a server on loopback that records its requests."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlparse

import pytest


@dataclass(frozen=True)
class Asked:
    """One request. `path` is still quoted; `body` is parsed JSON, or bytes for any other media type."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    credential: str | None
    idempotency_key: str | None


Answer = tuple[int, Any] | tuple[int, Any, dict[str, str]]
"""A status, a body (JSON, bytes, or None for an empty body), and headers if there are some."""


def _handler(answer: Callable[[Asked], Answer], taken: list[Asked]) -> type[BaseHTTPRequestHandler]:
    """Return the handler of a server that appends each request to `taken`."""

    class Handler(BaseHTTPRequestHandler):
        def take(self) -> None:
            url = urlparse(self.path)
            text = self.rfile.read(int(self.headers["Content-Length"] or 0))
            asked = Asked(
                self.command,
                url.path,
                dict(parse_qsl(url.query)),
                json.loads(text) if self.headers["Content-Type"] == "application/json" else text,
                self.headers["Authorization"],
                self.headers["Idempotency-Key"],
            )
            taken.append(asked)
            status, body, *more = answer(asked)
            content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            for name, value in (more[0] if more else {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_PUT = do_POST = do_DELETE = take  # noqa: N815 - names of the base class

        def log_message(self, *_: Any) -> None:
            """Write no log."""

    return Handler


@contextmanager
def served(answer: Callable[[Asked], Answer], environment: pytest.MonkeyPatch) -> Iterator[list[Asked]]:
    """Serve the responses of `answer` to commands; yield the list of recorded requests.

    The variables of commands are set before the server's thread starts: a process that sets a variable while another
    thread reads one can crash.
    """
    taken: list[Asked] = []
    server = HTTPServer(("127.0.0.1", 0), _handler(answer, taken))
    environment.setenv("VIGIL_API_URL", f"http://127.0.0.1:{server.server_port}")
    environment.setenv("VIGIL_API_KEY", "vgl_local_k_s")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield taken
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
