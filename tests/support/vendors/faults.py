"""Faults of vendors: a status, silence, a reset, slow bytes, a redirect or a huge body."""

import socket
import struct
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from threading import Event

from tests.support.vendors.requests import VendorAnswer, text_answer
from tests.support.vendors.server import Fault, send

_CHUNK = b"x" * 65_536


def status(code: int, text: str = "", **headers: str) -> Fault:
    """Return a fault that answers with a status and a text; underscores in the names of headers become hyphens."""
    return lambda handler, _: send(handler, text_answer(code, text, **headers))


def redirect(address: str) -> Fault:
    """Return a fault that redirects to another address."""
    return lambda handler, _: send(handler, VendorAnswer(302, b"", {"location": address}))


def hang(_handler: BaseHTTPRequestHandler, stopped: Event) -> None:
    """Send nothing until the server stops."""
    stopped.wait(10)


def reset(handler: BaseHTTPRequestHandler, _stopped: Event) -> None:
    """Reset the connection without an answer."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.close_connection = True


def slow(handler: BaseHTTPRequestHandler, stopped: Event) -> None:
    """Send one byte of the body every 20 ms, without end."""
    with suppress(OSError):
        _begin(handler)
        while not stopped.wait(0.02):
            handler.wfile.write(b"x")


def huge(handler: BaseHTTPRequestHandler, stopped: Event) -> None:
    """Send a body of up to 1 GB as fast as the client reads it."""
    with suppress(OSError):
        _begin(handler)
        for _ in range(16_384):
            if stopped.is_set():
                return
            handler.wfile.write(_CHUNK)


def _begin(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", str(1 << 30))
    handler.end_headers()
