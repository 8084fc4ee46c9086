"""Two ways to the fake of OpenAI: a server on loopback, and a way out in memory on the clock of a test."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any
from urllib.parse import urlsplit

from tests.support.fakes.clock import Clock
from tests.support.fakes.openai_server import FakeOpenAi, Loss
from tests.support.vendors import faults
from tests.support.vendors.requests import VendorAnswer, VendorRequest
from tests.support.vendors.server import send
from vigil.outbound.requests import NoAnswer, OutboundAnswer, OutboundRequest


class FakeWayOut:
    """Sends requests to the fake in memory. A request that gets no answer takes its whole time on the clock."""

    def __init__(self, fake: FakeOpenAi, clock: Clock) -> None:
        self._fake = fake
        self._clock = clock
        self.sent: list[OutboundRequest] = []

    def send(self, request: OutboundRequest) -> OutboundAnswer:
        """Send one request once; raise NoAnswer for a loss."""
        self.sent.append(request)
        headers = {name.lower(): value for name, value in request.headers.items()}
        path = urlsplit(request.url).path
        answer, step = self._fake.react(VendorRequest(request.method, path, headers, request.body))
        if step.loss == "unreachable":
            self._clock.now += request.connect
            raise NoAnswer("unreachable")
        needed = request.total if step.loss in {"hang", "trickle"} else timedelta(seconds=step.seconds)
        self._clock.now += min(needed, request.total)
        if needed >= request.total and step.loss != "trickle":
            raise NoAnswer("late", was_sent=True)
        if step.loss == "reset":
            raise NoAnswer("broken", was_sent=True)
        limit = len(answer.body) // 2 if step.loss in {"cut", "trickle"} else request.answer_bytes
        named = {name.lower(): value for name, value in answer.headers.items()}
        return OutboundAnswer(answer.status, named, answer.body[:limit], len(answer.body) > limit)


@contextmanager
def serving(fake: FakeOpenAi) -> Iterator[str]:
    """Run the fake on a port of loopback and return the address of its API."""
    stopped = Event()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer, step = fake.react(VendorRequest(self.command, self.path, headers, body))
            stopped.wait(step.seconds)
            _deliver(self, answer, step.loss, stopped)

        do_GET = do_POST = answer  # noqa: N815 - the names that the base class calls

        def log_message(self, *_: Any) -> None:
            """Write no log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        stopped.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _deliver(handler: BaseHTTPRequestHandler, answer: VendorAnswer, loss: Loss | None, stopped: Event) -> None:
    if loss in {"reset", "unreachable"}:
        faults.reset(handler, stopped)
    elif loss == "hang":
        faults.hang(handler, stopped)
    elif loss in {"cut", "trickle"}:
        _begin(handler, answer)
        half = answer.body[: len(answer.body) // 2]
        pause, size = (0.02, 1) if loss == "trickle" else (0.0, len(half))
        with suppress(OSError):
            for start in range(0, len(half), size):
                handler.wfile.write(half[start : start + size])
                time.sleep(pause)
        handler.close_connection = True
    else:
        send(handler, answer)


def _begin(handler: BaseHTTPRequestHandler, answer: VendorAnswer) -> None:
    handler.send_response(answer.status)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(answer.body)))
    handler.end_headers()
