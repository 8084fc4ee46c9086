"""Connections are kept alive, replaced when they are closed, and never shared by two threads."""

import gc
import socket
import ssl
from threading import Barrier, Thread

import pytest
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
    SSLError,
)

from tests.support.scripted_server import answer, close, send, serving, truncated
from vigil.aws import connections as module
from vigil.aws.connections import Connections
from vigil.aws.endpoints import Endpoint

HEAD = "POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 2\r\n\r\n"


def connections(url, connect=1.0, read=1.0):
    return Connections(Endpoint.from_url(url), connect, read)


def test_requests_of_one_thread_use_one_connection():
    with serving(*[answer(200, b"x" * size) for size in (0, 1, 100_000)]) as server:
        pool = connections(server.address)
        assert [len(pool.exchange(HEAD, b"{}").body) for _ in range(3)] == [0, 1, 100_000]
        assert server.connections == 1
        assert server.requests == [(HEAD, b"{}")] * 3
        pool.close()
        pool.exchange(HEAD, b"{}")
        assert server.connections == 2
        pool.close()


def test_a_connection_that_the_server_closed_is_replaced_unnoticed():
    with serving(answer(200, connection="close"), send(b"HTTP/1.0 200 OK\r\n\r\n", is_last=True)) as server:
        pool = connections(server.address)
        for _ in range(3):
            assert pool.exchange(HEAD, b"{}").status == 200
        assert (server.connections, len(server.requests)) == (3, 3)
        pool.close()


def test_an_idle_connection_that_was_closed_is_replaced_unnoticed():
    def answer_and_close(connection):
        answer(200)(connection)
        return False

    with serving(answer_and_close) as server:
        pool = connections(server.address)
        pool.exchange(HEAD, b"{}")
        while module.is_open(pool.idle[0]):
            pass
        pool.exchange(HEAD, b"{}")
        assert (server.connections, len(server.requests)) == (2, 2)
        pool.close()


def test_an_unexpected_answer_ends_its_connection():
    with serving(send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\n")) as server:
        pool = connections(server.address)
        assert pool.exchange(HEAD, b"{}").body == b"{}"
        assert pool.exchange(HEAD, b"{}").body == b"{}"
        pool.close()


def test_threads_have_connections_of_their_own():
    together = Barrier(4)

    def wait(connection):
        together.wait(10)
        return answer(200)(connection)

    with serving(*[wait] * 4) as server:
        pool = connections(server.address, read=10)
        threads = [Thread(target=pool.exchange, args=(HEAD, b"{}")) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert server.connections == 4
        for _ in range(8):
            pool.exchange(HEAD, b"{}")
        assert server.connections == 4
        pool.close()


def test_a_forgotten_client_closes_its_connections():
    with serving() as server:
        pool = connections(server.address)
        pool.exchange(HEAD, b"{}")
        (idle,) = pool.idle
        del pool
        gc.collect()
        assert idle.fileno() == -1


@pytest.mark.parametrize(
    ("step", "error"),
    [(close, ConnectionClosedError), (send(b"no HTTP\r\n", is_last=True), ConnectionClosedError)],
)
def test_a_failed_request_ends_its_connection(step, error):
    with serving(step) as server:
        pool = connections(server.address)
        with pytest.raises(error):
            pool.exchange(HEAD, b"{}")
        assert pool.idle == []
        assert pool.exchange(HEAD, b"{}").status == 200
        pool.close()


def test_a_truncated_answer_ends_its_connection():
    with serving(truncated) as server:
        pool = connections(server.address)
        assert not pool.exchange(HEAD, b"{}").is_complete
        assert pool.idle == []


def test_silence_is_a_read_timeout():
    with serving() as server:
        server.script = [server.silent]
        pool = connections(server.address, read=0.05)
        with pytest.raises(ReadTimeoutError):
            pool.exchange(HEAD, b"{}")
        assert pool.idle == []


def test_a_full_backlog_is_a_connect_timeout(monkeypatch):
    def slow(*_, **__):
        raise TimeoutError

    monkeypatch.setattr(module.socket, "create_connection", slow)
    with pytest.raises(ConnectTimeoutError):
        connections("http://127.0.0.1:1").exchange(HEAD, b"{}")


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://no-such-host.invalid"])
def test_an_unknown_address_is_an_endpoint_error(url):
    with pytest.raises(EndpointConnectionError):
        connections(url).exchange(HEAD, b"{}")


def test_a_server_without_tls_is_a_tls_error():
    def speak(listener):
        with listener.accept()[0] as connection:
            connection.sendall(b"220 smtp\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        Thread(target=speak, args=(listener,)).start()
        with pytest.raises(SSLError):
            connections(f"https://127.0.0.1:{listener.getsockname()[1]}").exchange(HEAD, b"{}")


def test_certificates_are_verified_against_those_of_botocore(monkeypatch):
    loaded = []
    monkeypatch.setattr(ssl, "create_default_context", lambda cafile: loaded.append(cafile))  # noqa: PLW0108 - keyword
    for variable in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(variable, raising=False)
    for variables, name in (
        ({}, "botocore/cacert.pem"),
        ({"AWS_CA_BUNDLE": "/a"}, "/a"),
        ({"REQUESTS_CA_BUNDLE": "/b"}, "/b"),
    ):
        with pytest.MonkeyPatch.context() as patch:
            for variable, value in variables.items():
                patch.setenv(variable, value)
            module.tls_context.cache_clear()
            module.tls_context()
            assert loaded[-1].endswith(name)
    module.tls_context.cache_clear()


def test_an_interrupted_request_ends_its_connection(monkeypatch):
    with serving(answer(200)) as server:
        pool = connections(server.address)
        monkeypatch.setattr(module, "read_answer", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            pool.exchange(HEAD, b"{}")
        assert pool.idle == []
