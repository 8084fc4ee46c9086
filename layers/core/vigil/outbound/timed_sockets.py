"""Sockets with a deadline for all of their work, and a limit on the bytes that are read."""

import io
import os
import socket
import ssl
import time
from collections.abc import Callable
from functools import cache

Clock = Callable[[], float]


class Deadline:
    """A moment of the monotonic clock, some seconds after its creation."""

    def __init__(self, seconds: float, clock: Clock = time.monotonic) -> None:
        self._end = clock() + seconds
        self._clock = clock

    def left(self) -> float:
        """Return the seconds that are left, above 0. Raises TimeoutError at the deadline."""
        if (left := self._end - self._clock()) <= 0:
            raise TimeoutError
        return left


class TimedStream(io.RawIOBase):
    """Bytes that a connection receives. Each read gets the time that is left, so that slow bytes end with the deadline.

    Reading raises TimeoutError at the deadline, and OverflowError after `budget` bytes.
    """

    def __init__(self, connection: socket.socket, deadline: Deadline, budget: int) -> None:
        self._connection = connection
        self._deadline = deadline
        self.budget = budget

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Return the stream in the form that `http.client.HTTPResponse` requests of a socket."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        """Return True: the stream can be read. `io.BufferedReader` requires this method."""
        return True

    def readinto(self, buffer: "memoryview[int]") -> int:  # type: ignore[override]  # of the stream, never another
        """Read some bytes into a buffer; return their number, or 0 at the end of the stream.

        Raises TimeoutError at the deadline, OverflowError after `budget` bytes, and OSError.
        """
        if self.budget <= 0:
            raise OverflowError
        self._connection.settimeout(self._deadline.left())
        count = self._connection.recv_into(buffer[: self.budget])
        self.budget -= count
        return count


def send_all(connection: socket.socket, data: bytes, deadline: Deadline) -> None:
    """Send all bytes. Raises OSError, and TimeoutError at the deadline."""
    rest = memoryview(data)
    while rest:
        connection.settimeout(deadline.left())
        rest = rest[connection.send(rest) :]


def connect(address: str, port: int, deadline: Deadline) -> socket.socket:
    """Return a connection to an IP address. Raises OSError, also TimeoutError at the deadline."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    connection = socket.socket(family, socket.SOCK_STREAM)
    try:
        connection.settimeout(deadline.left())
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.connect((address, port))
    except BaseException:
        connection.close()
        raise
    return connection


def encrypt(connection: socket.socket, context: ssl.SSLContext, host: str, deadline: Deadline) -> ssl.SSLSocket:
    """Return the connection under TLS. The certificate must be valid for the host, which is also the SNI.

    The connection is closed if the handshake fails. Raises OSError, for example ssl.SSLCertVerificationError or
    TimeoutError.
    """
    try:
        connection.settimeout(deadline.left())
        return context.wrap_socket(connection, server_hostname=host)
    except BaseException:
        connection.close()
        raise


@cache
def verifying_context() -> ssl.SSLContext:
    """Return the context that verifies certificates against the authorities of botocore's bundle, from TLS 1.2 on."""
    import botocore  # noqa: PLC0415 - its folder has the certificates

    bundle = os.path.join(os.path.dirname(botocore.__file__), "cacert.pem")  # noqa: PTH118, PTH120 - as ssl wants it
    return ssl.create_default_context(cafile=bundle)
