"""Sends requests to vendors, webhooks and services in the VPC, and to no other address.

A host is resolved once. The connection goes to one of the checked addresses, so that a second answer of the resolver
has no effect. Certificate and SNI are those of the host. Redirects are not followed; proxies and cookies do not exist.
See docs/adr/0127-own-code-sends-requests-to-checked-addresses.md.
"""

import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.client import HTTPException, HTTPResponse
from socket import socket

from vigil.errors import InvalidInput
from vigil.outbound.destinations import AllowedDestinations, Destination, parse_destination
from vigil.outbound.names import NameResolver, Unresolved, UnresolvedInTime
from vigil.outbound.requests import NoAnswer, NoAnswerCause, OutboundAnswer, OutboundRequest
from vigil.outbound.timed_sockets import Deadline, TimedStream, connect, encrypt, send_all

_MAX_HEAD_BYTES = 32 * 1024
"""Maximum size of the status line and headers of an answer, including answers with a status below 200."""
_MAX_ADDRESSES = 4
"""Maximum addresses of a host to which a connection is attempted."""
_PART_BYTES = 64 * 1024
"""Maximum bytes of a body that are read at once, because memory is reserved for all of them."""
_MARKS_OF_CHUNKS = 1024
"""Bytes that are read for the marks of chunks besides a sixteenth of the body's limit."""
_CAUSES: Mapping[type[Exception], NoAnswerCause] = {
    InvalidInput: "refused",
    UnresolvedInTime: "late",
    Unresolved: "unresolved",
    TimeoutError: "late",
    ssl.SSLError: "untrusted",
    OSError: "unreachable",
    ValueError: "untrusted",
}
"""Causes of requests that were not sent; the first class decides. ValueError: no certificate can have the name."""
_BROKEN = (HTTPException, OSError, OverflowError, ValueError)

Resolver = Callable[[str, int, float], list[str]]
"""Function that returns the addresses of a host and port within some seconds.

It raises Unresolved for a host without an address, and UnresolvedInTime.
"""
Connector = Callable[[str, int, Deadline], socket]
"""Function that returns a connection to an IP address and port. It raises OSError."""


class Outbound:
    """Sender of HTTPS requests. `allowed` are the destinations that the operator allows besides public ones.

    `context` verifies certificates; only tests replace `resolve` and `connect_to`.
    """

    def __init__(
        self,
        allowed: AllowedDestinations,
        context: ssl.SSLContext,
        resolve: Resolver | None = None,
        connect_to: Connector = connect,
    ) -> None:
        self._allowed = allowed
        self._context = context
        self._resolve = resolve or NameResolver().look_up
        self._connect_to = connect_to

    def send(self, request: OutboundRequest) -> OutboundAnswer:
        """Send a request once and return the answer of any status. Raises NoAnswer if there is none.

        The request takes at most `request.total`. A body has at most `request.answer_bytes`, and its answer 33 KiB and
        a sixteenth more. A redirect is not followed.
        """
        result = self._send(request)
        # Raised here, because the errors of sockets name hosts, and Python keeps the error that is being handled.
        if isinstance(result, NoAnswer):
            raise result
        return result

    def _send(self, request: OutboundRequest) -> OutboundAnswer | NoAnswer:
        total = Deadline(request.total.total_seconds())
        opened = self._open(request, total)
        if isinstance(opened, NoAnswer):
            return opened
        destination, connection = opened
        with connection:
            return _exchange(destination, request, connection, total)

    def _open(self, request: OutboundRequest, total: Deadline) -> tuple[Destination, socket] | NoAnswer:
        try:
            first = Deadline(min(request.connect.total_seconds(), total.left()))
            destination = parse_destination(request.url, self._allowed)
            addresses = self._resolve(destination.host, destination.port, first.left())
            if not destination.permits(addresses):
                return NoAnswer("refused")
            connection = self._connect(addresses[:_MAX_ADDRESSES], destination.port, first)
            if destination.scheme == "https":
                connection = encrypt(connection, self._context, destination.host, first)
        except (InvalidInput, Unresolved, OSError, ValueError) as error:
            return NoAnswer(_cause(error))
        return destination, connection

    def _connect(self, addresses: list[str], port: int, deadline: Deadline) -> socket:
        """Return a connection to the first address that accepts one."""
        for number, address in enumerate(addresses[:-1]):
            share = deadline.left() / (len(addresses) - number)
            with suppress(OSError):  # the next address may accept
                return self._connect_to(address, port, Deadline(share))
        return self._connect_to(addresses[-1], port, deadline)


def _cause(error: Exception) -> NoAnswerCause:
    """Return the cause of a request that was not sent."""
    return next(cause for kind, cause in _CAUSES.items() if isinstance(error, kind))


def _exchange(
    destination: Destination, request: OutboundRequest, connection: socket, total: Deadline
) -> OutboundAnswer | NoAnswer:
    """Send the request on a connection and return its answer."""
    stream = TimedStream(connection, total, _MAX_HEAD_BYTES)
    try:
        send_all(connection, _head(destination, request) + request.body, total)
        response = HTTPResponse(stream, method=request.method)  # type: ignore[arg-type]  # it needs `makefile` only
        response.begin()
    except TimeoutError:
        return NoAnswer("late", was_sent=True)
    except _BROKEN:
        return NoAnswer("broken", was_sent=True)
    limit = request.answer_bytes
    stream.budget = limit + limit // 16 + _MARKS_OF_CHUNKS
    with response:
        body, is_cut = _read_body(response, limit)
    return OutboundAnswer(response.status, {name.lower(): text for name, text in response.getheaders()}, body, is_cut)


def _head(destination: Destination, request: OutboundRequest) -> bytes:
    """Return the request line and the headers. The caller's headers replace those of the same name."""
    given = {name.lower(): value for name, value in request.headers.items()}
    own = {"user-agent": "Vigil", "accept-encoding": "identity"}
    fixed = {"host": destination.authority, "connection": "close", "content-length": str(len(request.body))}
    lines = [f"{name}: {value}" for name, value in {**own, **given, **fixed}.items()]
    return "\r\n".join([f"{request.method} {destination.target} HTTP/1.1", *lines, "", ""]).encode("ascii")


def _read_body(response: HTTPResponse, limit: int) -> tuple[bytes, bool]:
    """Return the body up to its limit, and True if bytes are missing."""
    body = bytearray()
    try:
        while len(body) <= limit and (part := response.read1(min(_PART_BYTES, limit + 1 - len(body)))):
            body += part
        is_cut = len(body) > limit or bool(response.length)
    except _BROKEN:
        is_cut = True
    return bytes(body[:limit]), is_cut
