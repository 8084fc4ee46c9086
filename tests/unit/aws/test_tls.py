"""Connections over TLS verify the server's name and are kept alive."""

import ssl

import pytest
from botocore.exceptions import SSLError

from tests.support.certificates import make_certificate, server_context
from tests.support.scripted_server import http_answer, send, serving
from vigil.aws import connections as module
from vigil.aws.connections import Connections
from vigil.aws.endpoints import Endpoint

HEAD = "POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 2\r\n\r\n"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """File with the key and the certificate of a server at 127.0.0.1."""
    return make_certificate(tmp_path_factory.mktemp("tls") / "server.pem", ["127.0.0.1"])


@pytest.fixture(params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=lambda version: version.name)
def server(request, certificate):
    context = server_context(certificate)
    context.minimum_version = context.maximum_version = request.param
    with serving(context=context) as scripted:
        yield scripted


@pytest.fixture
def trusted(certificate, monkeypatch):
    """Trust the certificate of the server."""
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
    module.tls_context.cache_clear()
    yield
    module.tls_context.cache_clear()


def test_an_encrypted_connection_is_kept_alive(server, trusted):
    pool = Connections(Endpoint.from_url(server.address), 5, 5)
    assert [pool.exchange(HEAD, b"{}").status for _ in range(5)] == [200] * 5
    assert server.connections == 1
    pool.close()


def test_an_answer_that_nobody_requested_is_never_returned(server, trusted):
    buffered = 8_192  # bytes that the reader of an answer takes at once
    first = http_answer(200, b"x" * 8_000)
    first = http_answer(200, b"x" * (8_000 + buffered - len(first)))
    assert len(first) == buffered
    server.script = [send(first + http_answer(200, b"unrequested"))]
    pool = Connections(Endpoint.from_url(server.address), 5, 5)
    pool.exchange(HEAD, b"{}")
    assert pool.exchange(HEAD, b"{}").body == b"{}"
    assert server.connections == 2
    pool.close()


def test_another_name_is_refused(server, trusted):
    with pytest.raises(SSLError):
        Connections(Endpoint.from_url(server.address.replace("127.0.0.1", "localhost")), 5, 5).exchange(HEAD, b"{}")


def test_an_unknown_certificate_is_refused(server, monkeypatch):
    for variable in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(variable, raising=False)
    module.tls_context.cache_clear()
    with pytest.raises(SSLError):
        Connections(Endpoint.from_url(server.address), 5, 5).exchange(HEAD, b"{}")
    module.tls_context.cache_clear()
