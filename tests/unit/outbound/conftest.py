"""A certificate for `hooks.example.test` and a sender that trusts it."""

import ssl
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from tests.support.certificates import make_certificate, server_context
from vigil.outbound.destinations import AllowedDestinations
from vigil.outbound.https import Outbound
from vigil.outbound.requests import OutboundRequest

NAME = "hooks.example.test"
LOOPBACK = "127.0.0.1"


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("tls") / "server.pem", [NAME])


@pytest.fixture(scope="session")
def tls(certificate):
    """Context of a server with the certificate."""
    return server_context(certificate)


@pytest.fixture
def sender_to(certificate):
    """Return a function that makes a sender for a server, under a name that resolves to it."""

    def make(server, name=NAME, context=None, resolve=lambda *_: [LOOPBACK]):
        allowed = AllowedDestinations({(name, urlsplit(server.address).port)}, is_local=True)
        return Outbound(allowed, context or ssl.create_default_context(cafile=certificate), resolve)

    return make


@pytest.fixture
def request_to():
    """Return a function that makes a request to a server, with limits in seconds."""

    def make(server, path="/", name=NAME, connect=3.0, total=10.0, **parts):
        parsed = urlsplit(server.address)
        limits = {"connect": timedelta(seconds=connect), "total": timedelta(seconds=total)}
        return OutboundRequest(f"{parsed.scheme}://{name}:{parsed.port}{path}", **limits, **parts)

    return make
