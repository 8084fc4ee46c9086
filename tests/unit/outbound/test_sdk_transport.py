"""Requests of vendors' SDKs leave by the one way out, without data about this machine, and within its limits."""

import logging
import platform
from datetime import timedelta

import httpx
import httpx2
import pytest

from tests.support.scripted_server import answer, send, serving
from vigil.errors import CircuitOpen
from vigil.outbound.requests import CONNECT_LIMIT, NoAnswer, OutboundAnswer
from vigil.outbound.sdk_transport import SdkTransport

KEY = "canaryKey4711"
SDK_HEADERS = {
    "authorization": f"Bearer {KEY}",
    "user-agent": "OpenAI/Python 3.57.0",
    "x-stainless-os": platform.system(),
    "x-stainless-runtime-version": platform.python_version(),
    "openai-organization": "org-environment",
    "cookie": "a=b",
}


class Recorder:
    """Way out that records requests and returns one answer or raises one error."""

    def __init__(self, result=None):
        self.requests, self.result = [], result or OutboundAnswer(200, {}, b"{}")

    def send(self, request):
        self.requests.append(request)
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


@pytest.fixture(params=[httpx, httpx2], ids=lambda library: library.__name__)
def library(request):
    """Return the library of an SDK."""
    return request.param


@pytest.fixture
def client_of(library):
    """Return a function that makes a client of an SDK's library over a way out."""
    return lambda https, **limits: library.Client(transport=SdkTransport(library, https, **limits), trust_env=False)


def test_a_request_arrives_without_headers_about_this_machine(tls, sender_to, client_of):
    with serving(answer(201, b'{"a": 1}', x_request_id="7"), context=tls) as server:
        url = server.address.replace("127.0.0.1", "hooks.example.test")
        found = client_of(sender_to(server)).post(f"{url}/v1/a?b=c", json={"b": 2}, headers=SDK_HEADERS)
        ((head, body),) = server.requests
    assert (found.status_code, found.json(), found.headers["x-request-id"]) == (201, {"a": 1}, "7")
    first, *lines = head.strip().split("\r\n")
    assert (first, body.replace(b" ", b"")) == ("POST /v1/a?b=c HTTP/1.1", b'{"b":2}')
    assert sorted(line.partition(":")[0] for line in lines) == [
        *("accept", "accept-encoding", "authorization", "connection", "content-length", "content-type", "host"),
        "user-agent",
    ]
    assert "user-agent: Vigil" in lines


@pytest.mark.parametrize(
    ("timeout", "connect", "total"),
    [
        ({"timeout": 600, "connect": 600}, CONNECT_LIMIT, timedelta(seconds=15)),
        ({"timeout": 4, "connect": 1}, timedelta(seconds=1), timedelta(seconds=4)),
        ({"timeout": None}, CONNECT_LIMIT, timedelta(seconds=15)),
    ],
)
def test_the_limits_of_an_sdk_are_bounded(library, client_of, timeout, connect, total):
    client = client_of(recorder := Recorder(), total=timedelta(seconds=15), answer_bytes=99)
    client.delete("https://a.example.org/x", timeout=library.Timeout(**timeout))
    (request,) = recorder.requests
    assert (request.method, request.connect, request.total, request.answer_bytes) == ("DELETE", connect, total, 99)


@pytest.mark.parametrize("error", [NoAnswer("late", was_sent=True), CircuitOpen(7)])
def test_an_error_of_the_way_out_passes_unchanged(client_of, error):
    with pytest.raises(type(error)) as raised:
        client_of(Recorder(error)).get("https://a.example.org", headers=SDK_HEADERS)
    assert raised.value is error
    assert KEY not in repr(raised.value)


@pytest.mark.parametrize("status", [200, 299])
def test_a_successful_answer_with_half_a_body_is_no_answer(client_of, status):
    with pytest.raises(NoAnswer) as error:
        client_of(Recorder(OutboundAnswer(status, {}, b'{"a"', is_cut=True))).get("https://a.example.org")
    assert (error.value.cause, error.value.was_sent) == ("broken", True)


@pytest.mark.parametrize("status", [302, 429, 500])
def test_another_answer_with_half_a_body_keeps_its_status(client_of, status):
    cut = OutboundAnswer(status, {"location": "https://b.example.org"}, b'{"a"', is_cut=True)
    recorder = Recorder(cut)
    assert client_of(recorder).get("https://a.example.org").status_code == status
    assert len(recorder.requests) == 1


def test_a_header_that_is_not_ascii_does_not_lose_the_answer(client_of):
    recorder = Recorder(OutboundAnswer(200, {"x-name": "é", "x-request-id": "7"}, b"{}"))
    assert dict(client_of(recorder).get("https://a.example.org").headers) == {
        "x-request-id": "7",
        "content-length": "2",
    }


def test_a_request_writes_no_log_line(client_of, caplog):
    caplog.set_level(logging.INFO)
    client_of(Recorder()).get("https://a.example.org/canary")
    assert caplog.records == []


def test_a_packed_body_is_not_unpacked(tls, sender_to, client_of):
    bomb = b"\x1f\x8b" + b"x" * 20
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 22\r\n\r\n"
    with serving(send(head + bomb), context=tls) as server:
        url = server.address.replace("127.0.0.1", "hooks.example.test")
        assert client_of(sender_to(server)).get(url).content == bomb
