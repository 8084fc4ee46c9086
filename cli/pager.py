"""A pager on this machine: it takes pages in the format of PagerDuty's Events API, as the demo's vendor."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Condition, Thread
from typing import Any

from cli.checkout import CommandFailed
from cli.emulator import free_port

HOST = "127.0.0.1"
_PATH = "/v2/enqueue"
_MAX_BYTES = 512 * 1024
"""Maximum size of an event, in bytes, as at PagerDuty."""
_STATES = {"trigger": "triggered", "acknowledge": "acknowledged", "resolve": "resolved"}
"""State of an incident after each action of an event."""


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident on the pager. `state` is `triggered`, `acknowledged` or `resolved`; `at` is its first page."""

    key: str
    state: str
    severity: str
    summary: str
    at: datetime


class Pager:
    """Incidents by their key. `wait_for` waits for one of them."""

    def __init__(self) -> None:
        self._incidents: dict[str, Incident] = {}
        self._changed = Condition()

    def apply(self, event: dict[str, Any]) -> None:
        """Apply an event. An acknowledgement or a resolution of an unknown or resolved incident has no effect."""
        key, state, payload = event["dedup_key"], _STATES[event["event_action"]], event.get("payload", {})
        with self._changed:
            known = self._incidents.get(key)
            if state == "triggered":
                now = datetime.now(UTC)
                at = known.at if known and known.state != "resolved" else now
                self._incidents[key] = Incident(key, state, payload["severity"], payload["summary"], at)
            elif known and known.state != "resolved":
                self._incidents[key] = replace(known, state=state)
            self._changed.notify_all()

    def wait_for(self, matches: Callable[[Incident], bool], seconds: float) -> Incident | None:
        """Return the first incident that matches; None after this many seconds."""
        with self._changed:
            self._changed.wait_for(lambda: any(map(matches, self._incidents.values())), seconds)
            return next(filter(matches, self._incidents.values()), None)


def load_port(state: Path) -> int:
    """Return the port of the pager of a state folder, chosen at the first call."""
    record = state / "pager.port"
    if not record.exists():
        record.write_text(str(free_port()))
    return int(record.read_text())


@contextmanager
def open_pager(port: int) -> Iterator[Pager]:
    """Yield a pager that listens on a loopback port. Raises CommandFailed if another program uses the port."""
    pager = Pager()
    try:
        server = ThreadingHTTPServer((HOST, port), _handler(pager))
    except OSError as error:
        raise CommandFailed(
            f"port {port} of the demo's pager is in use; end the program that uses it, or run `make down` and `make up`"
        ) from error
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield pager
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(pager: Pager) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """One event of PagerDuty's Events API, version 2."""

        def do_POST(self) -> None:
            """Answer 202 for an event, and 400 for another body."""
            size = int(self.headers.get("Content-Length", "0"))
            body = self.rfile.read(min(size, _MAX_BYTES))
            try:
                event = json.loads(body)
                if self.path != _PATH:
                    raise ValueError
                pager.apply(event)
                status, answer = (
                    202,
                    {"status": "success", "message": "Event processed", "dedup_key": event["dedup_key"]},
                )
            except (ValueError, KeyError, TypeError):
                status, answer = 400, {"status": "invalid event", "message": "Event object is invalid", "errors": []}
            encoded = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(encoded)))
            self.end_headers()
            self.wfile.write(encoded)

        def log_message(self, *_: Any) -> None:
            """Write no line for a request."""

    return Handler
