"""One HTTP server on loopback with strict fakes of the vendors, which keep state, and with scripted faults.

The host name or the first folder of a path selects the vendor: `hooks.slack.com` or `/slack/...`.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Any, Protocol

from tests.support.vendors.opsgenie import FakeOpsgenie
from tests.support.vendors.pagerduty import FakePagerDuty
from tests.support.vendors.receiver import FakeReceiver
from tests.support.vendors.requests import VendorAnswer, VendorRequest
from tests.support.vendors.sentry import FakeSentry
from tests.support.vendors.slack import FakeSlack

HOSTS = {
    "events.pagerduty.com": "pagerduty",
    "events.eu.pagerduty.com": "pagerduty",
    "slack.com": "slack",
    "hooks.slack.com": "slack",
    "api.opsgenie.com": "opsgenie",
    "api.eu.opsgenie.com": "opsgenie",
    "api.atlassian.com": "opsgenie",
    "o1.ingest.sentry.io": "sentry",
}
"""Vendors by host name. All other hosts are endpoints of tenants."""
Fault = Callable[[BaseHTTPRequestHandler, Event], None]
"""Function that answers one request in place of the vendor."""


class Vendor(Protocol):
    """A fake vendor."""

    def answer(self, request: VendorRequest) -> VendorAnswer:
        """Return the answer of the vendor to one request."""
        ...


@dataclass
class Vendors:
    """All fake vendors. `requests` lists all requests by vendor, `faults` the scripted faults of the next requests."""

    clock: Callable[[], float] = time.monotonic
    port: int = 0
    requests: list[tuple[str, VendorRequest]] = field(default_factory=list)
    faults: dict[str, list[Fault]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.pagerduty = FakePagerDuty()
        self.slack = FakeSlack(self.clock)
        self.opsgenie = FakeOpsgenie()
        self.sentry = FakeSentry()
        self.receiver = FakeReceiver()
        self.lock = Lock()
        self.stopped = Event()

    def base_url(self, vendor: str) -> str:
        """Return the address of a vendor for a channel with the option `base_url`."""
        return f"http://127.0.0.1:{self.port}/{vendor}"

    def script(self, vendor: str, *faults: Fault) -> None:
        """Answer the next requests to a vendor with these faults."""
        self.faults.setdefault(vendor, []).extend(faults)

    def count(self, vendor: str) -> int:
        """Return the number of requests to a vendor."""
        return sum(name == vendor for name, _ in self.requests)

    def serve(self, host: str, request: VendorRequest, handler: BaseHTTPRequestHandler) -> None:
        """Answer one request by its vendor or by the next fault of the vendor."""
        vendor, request = self._select(host, request)
        with self.lock:
            self.requests.append((vendor, request))
            scripted = self.faults.get(vendor, [])
            fault = scripted.pop(0) if scripted else None
            answer = None if fault else self._vendor(vendor).answer(request)
        if fault:
            fault(handler, self.stopped)
        elif answer:
            send(handler, answer)

    def _select(self, host: str, request: VendorRequest) -> tuple[str, VendorRequest]:
        folder, _, rest = request.path.lstrip("/").partition("/")
        if folder in HOSTS.values() or folder == "receiver":
            return folder, VendorRequest(request.method, f"/{rest}", request.headers, request.body)
        return HOSTS.get(host, "receiver"), request

    def _vendor(self, name: str) -> Vendor:
        vendors: Mapping[str, Vendor] = {
            "pagerduty": self.pagerduty,
            "slack": self.slack,
            "opsgenie": self.opsgenie,
            "sentry": self.sentry,
            "receiver": self.receiver,
        }
        return vendors[name]


def send(handler: BaseHTTPRequestHandler, answer: VendorAnswer) -> None:
    """Send an answer over the connection of a request."""
    with suppress(OSError):
        handler.send_response(answer.status)
        for name, value in {**answer.headers, "Content-Length": str(len(answer.body))}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(answer.body)


@contextmanager
def serving(clock: Callable[[], float] = time.monotonic, port: int = 0) -> Iterator[Vendors]:
    """Run the vendors on a port of loopback, a free one for 0. `clock` in seconds drives the limit of Slack."""
    vendors = Vendors(clock)

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            host = headers.get("host", "").partition(":")[0]
            vendors.serve(host, VendorRequest(self.command, self.path, headers, body), self)

        do_GET = do_POST = do_PUT = answer  # noqa: N815 - the names that the base class calls

        def log_message(self, *_: Any) -> None:
            """Write no log."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    vendors.port = server.server_port
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield vendors
    finally:
        vendors.stopped.set()
        server.shutdown()
        server.server_close()
        thread.join()
