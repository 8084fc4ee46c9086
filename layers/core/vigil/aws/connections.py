"""Kept-alive HTTP connections to one endpoint, with botocore's errors."""

import os
import socket
import ssl
from contextlib import suppress
from functools import cache
from http.client import HTTPException
from select import POLLIN, poll
from typing import NoReturn
from weakref import finalize

from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ReadTimeoutError,
    SSLError,
)

from vigil.aws import credentials
from vigil.aws.endpoints import Endpoint
from vigil.aws.http_answers import Answer, read_answer

_MAX_IDLE = 10
"""Maximum idle connections to an endpoint, as botocore has."""


class Connections:
    """Idle connections to one endpoint, used as a stack. A connection in use belongs to one thread."""

    def __init__(self, endpoint: Endpoint, connect_seconds: float, read_seconds: float) -> None:
        self.endpoint = endpoint
        self._connect_seconds = connect_seconds
        self._read_seconds = read_seconds
        self.idle: list[socket.socket] = []
        finalize(self, _close_all, self.idle)

    def exchange(self, head: str, body: bytes = b"", max_bytes: int | None = None) -> Answer:
        """Send a request and return its answer. `head` is the request line and the headers.

        A body with a declared length above `max_bytes` is left unread and empty.
        Raises botocore's ConnectionError or HTTPClientError classes: EndpointConnectionError, ConnectTimeoutError and
        SSLError before the request is sent, ReadTimeoutError and ConnectionClosedError after it.
        """
        connection = self._take()
        try:
            connection.sendall(head.encode("latin-1") + body)
            with connection.makefile("rb") as stream:
                answer = read_answer(stream, max_bytes)
        except BaseException as error:
            connection.close()
            if isinstance(error, Exception):
                self._fail(error)
            raise
        if answer.is_last or len(self.idle) >= _MAX_IDLE:
            connection.close()
        else:
            self.idle.append(connection)
        return answer

    def close(self) -> None:
        """Close the idle connections. The next request opens a new one."""
        _close_all(self.idle)

    def _take(self) -> socket.socket:
        with suppress(IndexError):  # another thread may take the last one
            while self.idle:
                connection = self.idle.pop()
                if is_open(connection):
                    return connection
                connection.close()
        return self._open()

    def _open(self) -> socket.socket:
        endpoint = self.endpoint
        try:
            connection = socket.create_connection((endpoint.host, endpoint.port), self._connect_seconds)
        except TimeoutError as error:
            raise ConnectTimeoutError(endpoint_url=endpoint.url, error=error) from error
        except OSError as error:
            raise EndpointConnectionError(endpoint_url=endpoint.url, error=error) from error
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            if endpoint.is_encrypted:
                connection = tls_context().wrap_socket(connection, server_hostname=endpoint.host)
        except TimeoutError as error:
            connection.close()
            raise ConnectTimeoutError(endpoint_url=endpoint.url, error=error) from error
        except OSError as error:
            connection.close()
            raise SSLError(endpoint_url=endpoint.url, error=error) from error
        connection.settimeout(self._read_seconds)
        return connection

    def _fail(self, error: Exception) -> NoReturn:
        url = self.endpoint.url
        if isinstance(error, TimeoutError):
            raise ReadTimeoutError(endpoint_url=url, error=error) from error
        if isinstance(error, HTTPException | OSError):
            raise ConnectionClosedError(endpoint_url=url, error=error, request=None) from error
        raise HTTPClientError(error=error) from error


def _close_all(idle: list[socket.socket]) -> None:
    with suppress(IndexError):  # another thread may take the last one
        while idle:
            idle.pop().close()


def is_open(connection: socket.socket) -> bool:
    """Return False if the server closed an idle connection, or sent bytes that answer no request."""
    if isinstance(connection, ssl.SSLSocket) and connection.pending():
        return False  # decrypted bytes, of which the descriptor knows nothing
    waiting = poll()
    waiting.register(connection, POLLIN)
    return not waiting.poll(0)


@cache
def tls_context() -> ssl.SSLContext:
    """Return the context of all connections, with the certificates that botocore trusts."""
    bundle = os.environ.get("AWS_CA_BUNDLE")
    if not bundle and not credentials.is_on_lambda():
        bundle = credentials.session().get_config_variable("ca_bundle")
    bundle = bundle or os.environ.get("REQUESTS_CA_BUNDLE")
    if not bundle:
        import botocore  # noqa: PLC0415 - its folder has the certificates

        bundle = os.path.join(os.path.dirname(botocore.__file__), "cacert.pem")  # noqa: PTH118, PTH120 - as ssl wants it
    return ssl.create_default_context(cafile=bundle)
