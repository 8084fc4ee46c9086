"""Connections over TLS verify the server's name and are kept alive."""

import socket
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from threading import Thread

import pytest
from botocore.exceptions import SSLError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.scripted_server import ScriptedServer, http_answer, send
from vigil.aws import connections as module
from vigil.aws.connections import Connections
from vigil.aws.endpoints import Endpoint

HEAD = "POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 2\r\n\r\n"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """File with the key and the certificate of a server at 127.0.0.1."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return path


class TlsListener:
    """Listener whose connections are encrypted."""

    def __init__(self, listener, context):
        self._listener, self._context = listener, context

    def accept(self):
        while True:
            connection, address = self._listener.accept()
            try:
                return self._context.wrap_socket(connection, server_side=True), address
            except ssl.SSLError:
                connection.close()


@pytest.fixture(params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=lambda version: version.name)
def server(request, certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.minimum_version = context.maximum_version = request.param
    scripted = ScriptedServer([])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        scripted.address = f"https://127.0.0.1:{listener.getsockname()[1]}"
        Thread(target=scripted.serve, args=(TlsListener(listener, context),), daemon=True).start()
        yield scripted
        listener.shutdown(socket.SHUT_RDWR)


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
