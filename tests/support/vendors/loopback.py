"""A way out to the fake vendors: the port `Https` over loopback, with the vendor's host name in the request."""

import http.client
import time
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlsplit

from vigil.errors import CircuitOpen
from vigil.outbound.requests import NoAnswer, OutboundAnswer, OutboundRequest

Result = TypeVar("Result")


class LoopbackHttps:
    """Sends every request to one port of loopback, also if its address names another host; waits `seconds` at most."""

    def __init__(self, port: int, seconds: float = 20) -> None:
        self._port = port
        self._seconds = seconds

    def send(self, request: OutboundRequest) -> OutboundAnswer:
        """Send one request and return the answer; follow no redirect."""
        parts = urlsplit(request.url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        ends = time.monotonic() + min(self._seconds, request.total.total_seconds())
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=self._seconds)
        try:
            connection.connect()
        except OSError as error:
            raise NoAnswer("unreachable") from error
        try:
            connection.request(request.method, target, request.body, {"host": parts.netloc, **request.headers})
            with connection.getresponse() as answer:
                found = {name.lower(): value for name, value in answer.getheaders()}
                return OutboundAnswer(answer.status, found, *_read(answer, request.answer_bytes, ends))
        except TimeoutError as error:
            raise NoAnswer("late", was_sent=True) from error
        except (OSError, http.client.HTTPException) as error:
            raise NoAnswer("broken", was_sent=True) from error
        finally:
            connection.close()


class CircuitsOfTest:
    """Circuits that a test opens by name for some seconds. `calls` lists the circuits and tenants of all calls."""

    def __init__(self) -> None:
        self.open: dict[str, int] = {}
        self.calls: list[tuple[str, str | None]] = []

    def call(self, circuit: str, tenant_id: str | None, function: Callable[[], Result]) -> Result:
        """Call the function unless the circuit is open."""
        self.calls.append((circuit, tenant_id))
        if circuit in self.open:
            raise CircuitOpen(self.open[circuit])
        return function()


def _read(answer: http.client.HTTPResponse, limit: int, ends: float) -> tuple[bytes, bool]:
    """Return a body up to its limit, and True if bytes are missing; raise OSError at the end of the time."""
    body = b""
    while len(body) <= limit and (part := answer.read1(limit + 1 - len(body))):
        body += part
        if time.monotonic() > ends:
            raise TimeoutError
    return body[:limit], len(body) > limit or bool(answer.length)
