"""A slow, endless or dead destination costs a bounded time and a bounded memory."""

import socket
import ssl
import time
import tracemalloc
from datetime import timedelta
from threading import Event

import pytest

from tests.support.scripted_server import endless, serving
from vigil.outbound.destinations import AllowedDestinations
from vigil.outbound.https import Outbound
from vigil.outbound.names import NameResolver, Unresolved, UnresolvedInTime
from vigil.outbound.requests import ANSWER_LIMIT, NoAnswer, OutboundRequest
from vigil.outbound.timed_sockets import Deadline

HEAD = b"HTTP/1.1 200 OK\r\n"
TOTAL = 0.3
"""Total limit of the requests in these tests, in seconds."""
SLACK = 0.7
"""Time that a busy machine may add to a limit, in seconds."""
MAX_MEMORY = 8 << 20
BYTE_BY_BYTE = 0.02
"""Pause between two bytes of a slow server, in seconds: less than the total limit, more often than it."""


@pytest.fixture
def timed(sender_to, request_to):
    """Return a function that sends a request and returns its result, the seconds and the peak of the memory."""

    def send(server, **limits):
        sender, request = sender_to(server), request_to(server, **{"total": TOTAL, **limits})
        tracemalloc.start()
        started = time.monotonic()
        try:
            result = sender.send(request)
        except NoAnswer as error:
            result = error
        seconds = time.monotonic() - started
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return result, seconds, peak

    return send


@pytest.mark.parametrize(
    "step",
    [
        endless(b"", b"H", every=BYTE_BY_BYTE),
        endless(HEAD, b"a: b\r\n", every=BYTE_BY_BYTE),
        endless(HEAD, b"a", every=BYTE_BY_BYTE),
        endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n", every=BYTE_BY_BYTE),
    ],
    ids=["status line", "headers", "one header", "continue"],
)
def test_a_head_that_drips_is_cut_at_the_total_limit(tls, timed, step):
    with serving(step, context=tls) as server:
        result, seconds, peak = timed(server)
    assert (result.cause, result.was_sent) == ("late", True)
    assert TOTAL <= seconds < TOTAL + SLACK
    assert peak < MAX_MEMORY


@pytest.mark.parametrize(
    "first",
    [
        HEAD + b"\r\n",
        HEAD + b"Content-Length: 1000000000\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nffff\r\n",
    ],
    ids=["open", "declared", "chunked"],
)
def test_a_body_that_drips_is_cut_at_the_total_limit(tls, timed, first):
    with serving(endless(first, b"x", every=BYTE_BY_BYTE), context=tls) as server:
        result, seconds, _ = timed(server)
    assert (result.status, result.is_cut) == (200, True)
    assert 0 < len(result.body) < 100
    assert TOTAL <= seconds < TOTAL + SLACK


@pytest.mark.parametrize(
    ("first", "more"),
    [
        (HEAD + b"\r\n", b"x" * 65_536),
        (HEAD + b"Content-Length: 1073741824\r\n\r\n", b"x" * 65_536),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 9_000),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n40000000\r\n", b"x" * 65_536),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"a: b\r\n" * 9_000),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"0" * 65_536),
    ],
    ids=["open", "declared", "small chunks", "huge chunk", "trailers", "chunk size"],
)
def test_an_endless_body_costs_little_time_and_memory(tls, timed, first, more):
    with serving(endless(first, more), context=tls) as server:
        result, seconds, peak = timed(server, total=10)
    assert (result.status, result.is_cut) == (200, True)
    assert len(result.body) <= ANSWER_LIMIT
    assert peak < MAX_MEMORY
    assert seconds < 5


@pytest.mark.parametrize("more", [b"x" * 65_536, b"a: b\r\n" * 9_000, b"a: " + b"b" * 60_000 + b"\r\n"])
def test_endless_headers_cost_little_time_and_memory(tls, timed, more):
    with serving(endless(HEAD, more), context=tls) as server:
        result, seconds, peak = timed(server, total=10)
    assert (result.cause, result.was_sent) == ("broken", True)
    assert peak < MAX_MEMORY
    assert seconds < 5


def test_a_silent_server_is_cut_at_the_total_limit(tls, timed):
    with serving(context=tls) as server:
        server.script = [server.silent]
        result, seconds, _ = timed(server)
    assert (result.cause, result.was_sent) == ("late", True)
    assert seconds < TOTAL + SLACK


def test_a_server_that_reads_nothing_is_cut_at_the_total_limit(certificate, sender_to):
    context = ssl.create_default_context(cafile=certificate)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        url, body = f"http://hooks.example.test:{port}", b"x" * (16 << 20)
        allowed = AllowedDestinations({("hooks.example.test", port)}, is_local=True)
        sender = Outbound(allowed, context, lambda *_: ["127.0.0.1"])
        with pytest.raises(NoAnswer) as error:
            sender.send(OutboundRequest(url, body, total=timedelta(seconds=TOTAL)))
    assert (error.value.cause, error.value.was_sent) == ("late", True)


def test_a_handshake_that_hangs_is_cut_at_the_connect_limit(timed):
    with socket.create_server(("127.0.0.1", 0)) as listener, serving() as server:
        server.address = f"https://127.0.0.1:{listener.getsockname()[1]}"
        result, seconds, _ = timed(server, connect=0.1, total=10)
    assert (result.cause, result.was_sent) == ("late", False)
    assert seconds < 0.1 + SLACK


def test_the_connect_limit_is_shared_by_the_addresses():
    shares = []

    def connect(_address, _port, deadline):
        shares.append(deadline.left())
        raise TimeoutError

    sender = Outbound(AllowedDestinations(), ssl.create_default_context(), lambda *_: ["8.8.8.8", "1.1.1.1"], connect)
    with pytest.raises(NoAnswer) as error:
        sender.send(OutboundRequest("https://hooks.example.org", connect=timedelta(seconds=2)))
    assert error.value.cause == "late"
    assert 0.5 < shares[0] <= 1 < shares[1] <= 2


@pytest.fixture
def hanging(monkeypatch):
    """Make the system's resolver hang until the end of the test. Return the hosts of its lookups."""
    free, hosts = Event(), []

    def hang(host, *_, **__):
        hosts.append(host)
        free.wait(10)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    yield hosts
    free.set()


def test_a_resolver_that_hangs_is_late(hanging):
    started = time.monotonic()
    with pytest.raises(UnresolvedInTime):
        NameResolver().look_up("hooks.example.org", 443, 0.05)
    assert time.monotonic() - started < SLACK


def test_lookups_that_hang_are_bounded(hanging):
    resolver = NameResolver(2)
    for number in range(5):
        with pytest.raises(UnresolvedInTime):
            resolver.look_up(f"hooks-{number}.example.org", 443, 0.1)
    assert hanging == ["hooks-0.example.org", "hooks-1.example.org"]


def test_a_request_with_a_hanging_resolver_was_not_sent(hanging):
    sender = Outbound(AllowedDestinations(), ssl.create_default_context())
    with pytest.raises(NoAnswer) as error:
        sender.send(OutboundRequest("https://hooks.example.org", connect=timedelta(seconds=0.05)))
    assert (error.value.cause, error.value.was_sent) == ("late", False)


def test_addresses_are_distinct_and_in_order(monkeypatch):
    found = [(socket.AF_INET, 1, 6, "", (address, 443)) for address in ("8.8.8.8", "1.1.1.1", "8.8.8.8")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    assert NameResolver().look_up("hooks.example.org", 443, 1) == ["8.8.8.8", "1.1.1.1"]


@pytest.mark.parametrize("error", [socket.gaierror(), UnicodeError("label too long"), OSError()])
def test_an_unknown_host_is_unresolved(monkeypatch, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(Unresolved) as raised:
        NameResolver().look_up("hooks.example.org", 443, 1)
    assert raised.type is Unresolved


def test_a_deadline_ends_once():
    now = [5.0]
    deadline = Deadline(2, lambda: now[0])
    now[0] = 6.5
    assert deadline.left() == 0.5
    now[0] = 7.0
    with pytest.raises(TimeoutError):
        deadline.left()
