"""A request goes once to a checked address, under the name of its host, and its answer is bounded."""

import json
import ssl
from datetime import timedelta

import pytest

from tests.support.certificates import make_certificate, server_context
from tests.support.hostile_addresses import HOSTILE
from tests.support.scripted_server import answer, close, endless, http_answer, reset, send, serving
from vigil.outbound.destinations import AllowedDestinations
from vigil.outbound.https import Outbound
from vigil.outbound.requests import ANSWER_LIMIT, NoAnswer, OutboundRequest

CANARY = "canary4711"
STRANGERS = ssl.create_default_context()
"""Context that does not trust the certificates of these tests."""
HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture
def refused(request_to):
    """Return a function that sends a request and returns the error."""

    def send_and_fail(sender, server, **parts):
        with pytest.raises(NoAnswer) as error:
            sender.send(request_to(server, **parts))
        return error.value

    return send_and_fail


def test_a_request_arrives_with_its_host_body_and_headers(tls, sender_to, request_to):
    with serving(answer(202, b'{"a": 1}', retry_after="7"), context=tls) as server:
        headers = {"Content-Type": "application/json", "Authorization": "GenieKey k", "Host": "other"}
        request = request_to(server, "/v2/alerts?a=b", body=b'{"b": 2}', headers=headers)
        found = sender_to(server).send(request)
        ((head, body),) = server.requests
    assert (found.status, json.loads(found.body), found.is_cut) == (202, {"a": 1}, False)
    assert found.headers["retry-after"] == "7"
    first, *lines = head.strip().split("\r\n")
    assert (first, body) == ("POST /v2/alerts?a=b HTTP/1.1", b'{"b": 2}')
    port = server.address.rpartition(":")[2]
    assert sorted(lines) == [
        *("accept-encoding: identity", "authorization: GenieKey k", "connection: close", "content-length: 8"),
        *("content-type: application/json", f"host: hooks.example.test:{port}", "user-agent: Vigil"),
    ]


def test_plain_http_reaches_a_named_loopback_pair_on_the_local_stage(sender_to, request_to):
    with serving(answer(200, b"ok")) as server:
        assert sender_to(server).send(request_to(server, method="GET")).body == b"ok"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_answer_and_is_not_followed(tls, sender_to, request_to, status):
    with serving() as other, serving(answer(status, b"", location=other.address), context=tls) as server:
        found = sender_to(server).send(request_to(server))
        assert (found.status, found.headers["location"]) == (status, other.address)
        assert (server.connections, other.connections) == (1, 0)


def test_proxies_of_the_environment_are_ignored(tls, sender_to, request_to, monkeypatch):
    with serving() as proxy, serving(context=tls) as server:
        for variable in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "http_proxy"):
            monkeypatch.setenv(variable, proxy.address)
        assert sender_to(server).send(request_to(server)).status == 200
        assert proxy.connections == 0


def test_cookies_are_not_sent_back(tls, sender_to, request_to):
    with serving(answer(200, set_cookie="a=b"), context=tls) as server:
        sender = sender_to(server)
        for _ in range(2):
            sender.send(request_to(server))
        assert "cookie" not in server.requests[1][0].lower()


def test_a_certificate_of_another_name_is_untrusted(tls, sender_to, refused):
    with serving(context=tls) as server:
        error = refused(sender_to(server, "other.example.test"), server, name="other.example.test")
        assert (error.cause, error.was_sent, server.requests) == ("untrusted", False, [])


def test_an_unknown_authority_is_untrusted(tls, sender_to, refused):
    with serving(context=tls) as server:
        error = refused(sender_to(server, context=STRANGERS), server)
        assert (error.cause, error.was_sent, server.requests) == ("untrusted", False, [])


def test_an_expired_certificate_is_untrusted(tmp_path, sender_to, refused):
    old = make_certificate(tmp_path / "old.pem", ["hooks.example.test"], age=timedelta(days=9))
    with serving(context=server_context(old)) as server:
        trusting = ssl.create_default_context(cafile=old)
        assert refused(sender_to(server, context=trusting), server).cause == "untrusted"


def test_a_server_without_tls_is_untrusted(sender_to, refused, request_to):
    with serving(send(b"HTTP/1.1 200 OK\r\n\r\n")) as server:
        server.address = server.address.replace("http:", "https:")
        assert refused(sender_to(server), server, connect=0.5).cause in {"untrusted", "late"}


def test_the_name_is_sent_as_sni(certificate, sender_to, request_to):
    context, names = server_context(certificate), []
    context.sni_callback = lambda _, name, __: names.append(name)
    with serving(context=context) as server:
        sender_to(server).send(request_to(server))
    assert names == ["hooks.example.test"]


class Internet:
    """Resolver with one answer after the other, and a network that records connections and refuses them."""

    def __init__(self, *answers):
        self.answers, self.asked, self.connected = list(answers), 0, []

    def resolve(self, *_):
        self.asked += 1
        return self.answers.pop(0)

    def connect(self, address, *_):
        self.connected.append(address)
        raise ConnectionRefusedError

    def send(self, url="https://hooks.example.test/a"):
        sender = Outbound(AllowedDestinations(), STRANGERS, self.resolve, self.connect)
        with pytest.raises(NoAnswer) as error:
            sender.send(OutboundRequest(url))
        return error.value


@pytest.mark.parametrize("address", HOSTILE)
@pytest.mark.parametrize("others", [[], ["8.8.8.8"]])
def test_a_hostile_address_gets_no_connection(address, others):
    internet = Internet([*others, address])
    error = internet.send()
    assert (error.cause, error.was_sent, internet.connected) == ("refused", False, [])


@pytest.mark.parametrize("address", HOSTILE)
def test_a_second_answer_of_the_resolver_has_no_effect(address):
    internet = Internet(["8.8.8.8"], [address])
    assert internet.send().cause == "unreachable"
    assert (internet.asked, internet.connected) == (1, ["8.8.8.8"])
    assert internet.send().cause == "refused"
    assert internet.connected == ["8.8.8.8"]


@pytest.mark.parametrize(
    "url", ["http://a.example.org", "https://10.0.0.1", "https://[::1]/", "https://a.org:22/", "x"]
)
def test_a_refused_url_is_not_resolved(url):
    internet = Internet()
    assert (internet.send(url).cause, internet.asked) == ("refused", 0)


def test_the_next_address_is_used_if_one_refuses():
    internet = Internet([f"8.8.8.{number}" for number in range(9)])
    assert internet.send().cause == "unreachable"
    assert internet.connected == ["8.8.8.0", "8.8.8.1", "8.8.8.2", "8.8.8.3"]


@pytest.mark.parametrize(
    ("step", "cause"),
    [
        (close, "broken"),
        (reset, "broken"),
        (send(b"SSH-2.0-OpenSSH\r\n", is_last=True), "broken"),
        (send(b"HTTP/1.1 2xx OK\r\n\r\n", is_last=True), "broken"),
        (send(HEAD + b"a: " + b"b" * 70_000 + b"\r\n\r\n", is_last=True), "broken"),
        (endless(HEAD, b"a: b\r\n" * 1000), "broken"),
        (endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100), "broken"),
    ],
)
def test_an_answer_that_is_not_http_is_broken(tls, sender_to, refused, step, cause):
    with serving(step, context=tls) as server:
        error = refused(sender_to(server), server)
        assert (error.cause, error.was_sent) == (cause, True)


@pytest.mark.parametrize(
    ("step", "status", "body", "is_cut"),
    [
        (send(HEAD + b"Content-Length: 5\r\n\r\nab", is_last=True), 200, b"ab", True),
        (send(HEAD + b"\r\nabc", is_last=True), 200, b"abc", False),
        (send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"), 200, b"abc", False),
        (send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz", is_last=True), 200, b"abc", True),
        (send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\na", is_last=True), 200, b"a", True),
        (send(HEAD + b"a: b", is_last=True), 200, b"", False),
        (send(b"HTTP/1.1 204 No\r\n\r\n"), 204, b"", False),
        (send(b"HTTP/1.1 100 Continue\r\n\r\n" + HEAD + b"Content-Length: 1\r\n\r\na"), 200, b"a", False),
        (answer(500, b"x" * ANSWER_LIMIT), 500, b"x" * ANSWER_LIMIT, False),
        (answer(200, b"x" * (ANSWER_LIMIT + 1)), 200, b"x" * ANSWER_LIMIT, True),
        (send(http_answer(200, b"") + b"x" * 99), 200, b"", False),
    ],
)
def test_a_short_long_or_broken_body_leaves_the_status(tls, sender_to, request_to, step, status, body, is_cut):
    with serving(step, context=tls) as server:
        found = sender_to(server).send(request_to(server))
        assert (found.status, found.body, found.is_cut) == (status, body, is_cut)


def in_chunks(body):
    """Return an answer with the body in chunks of one kilobyte."""
    parts = [body[start : start + 1024] for start in range(0, len(body), 1024)]
    return HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(b"%x\r\n%b\r\n" % (len(p), p) for p in [*parts, b""])


@pytest.mark.parametrize("frame", [lambda body: http_answer(200, body), in_chunks])
@pytest.mark.parametrize("limit", [1, 1_000, 3 << 20])
def test_a_body_is_read_up_to_the_limit_of_its_request(tls, sender_to, request_to, frame, limit):
    with serving(send(frame(b"x" * limit)), send(frame(b"x" * (limit + 1))), context=tls) as server:
        answers = [sender_to(server).send(request_to(server, answer_bytes=limit)) for _ in range(2)]
        assert [(len(each.body), each.is_cut) for each in answers] == [(limit, False), (limit, True)]


def test_no_text_of_an_error_names_host_path_or_header(tls, sender_to, request_to):
    secret = {"headers": {"Authorization": CANARY}, "body": CANARY.encode(), "path": f"/{CANARY}"}
    with serving(reset, context=tls) as server:
        request = request_to(server, name="hooks.example.test", **secret)
        senders = [sender_to(server), sender_to(server, context=STRANGERS)]
        senders.append(Outbound(AllowedDestinations(), STRANGERS, lambda *_: []))
        for sender in senders:
            with pytest.raises(NoAnswer) as error:
                sender.send(request)
            assert (error.value.__cause__, error.value.__context__) == (None, None)
            assert not any(word in f"{error.value!r}{request!r}" for word in (CANARY, "example", "127.0.0.1"))


@pytest.mark.parametrize(
    "headers",
    [
        {"a\r\nb": CANARY},
        {"a": f"{CANARY}\r\nb: c"},
        {"": CANARY},
        {"a b": CANARY},
        {"a": f"{CANARY}é"},
        {"a:": CANARY},
    ],
)
def test_a_header_that_could_start_another_is_refused(headers):
    with pytest.raises(ValueError, match="ASCII") as error:
        OutboundRequest("https://a.example.org", headers=headers)
    assert CANARY not in str(error.value)
