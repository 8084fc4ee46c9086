"""Cacheable responses: `Cache-Control`, `ETag`, and 304 for a response that the caller already has.

A GET route declares `dependencies=[cacheable(seconds)]`; every other response is `no-store`. The server caches no
response.
"""

import hashlib
from typing import Any

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import Message, Scope, Send

_POLICY = "vigil.cache_control"


class _CachePolicy:
    """Dependency that declares the `Cache-Control` of a route."""

    def __init__(self, value: str) -> None:
        self._value = value

    async def __call__(self, request: Request) -> None:
        request.scope[_POLICY] = self._value


def cacheable(seconds: int, *, immutable: bool = False, public: bool = False) -> Any:
    """Return the dependency of a GET route whose response may be cached for this many seconds.

    Only callers may cache it, unless it is `public`: equal for all callers, anonymous ones included.
    """
    scope = "public" if public else "private"
    return Depends(_CachePolicy(f"{scope}, max-age={seconds}" + (", immutable" if immutable else "")))


def is_cacheable(dependant: Dependant) -> bool:
    """Return True if an endpoint or one of its dependencies declares `cacheable`."""
    needs = dependant.dependencies
    return isinstance(dependant.call, _CachePolicy) or any(map(is_cacheable, needs))


def send_conditionally(scope: Scope, send: Send) -> Send:
    """Return a `send` that adds an ETag to a cacheable response, or sends 304 if the caller has the same response.

    An ETag set by the route is used as it is; otherwise it is computed from the body.
    """
    delayed: Message | None = None

    async def sending(message: Message) -> None:
        nonlocal delayed
        if message["type"] == "http.response.start" and message["status"] == 200 and _POLICY in scope:
            delayed = message
            return
        if delayed is not None:
            start, delayed = delayed, None
            if _is_not_modified(scope, start, message["body"]):
                message["body"] = b""
            await send(start)
        await send(message)

    return sending


def _is_not_modified(scope: Scope, start: Message, body: bytes) -> bool:
    """Add the caching headers to the start of a response. Return True if it became a 304 without a body."""
    headers = MutableHeaders(raw=start["headers"])
    tag = headers.setdefault("etag", f'"{hashlib.sha256(body).hexdigest()[:32]}"')
    headers["cache-control"] = scope[_POLICY]
    if not scope[_POLICY].startswith("public"):
        # A cache shared by two callers must not serve one caller's response to the other.
        headers.add_vary_header("Authorization")
    if not tag_matches(Headers(scope=scope).get("if-none-match", ""), tag):
        return False
    start["status"] = 304
    for name in ("content-type", "content-length"):
        del headers[name]
    return True


def tag_matches(condition: str, tag: str) -> bool:
    """Return True if an `If-None-Match` or `If-Match` value names a tag (RFC 9110, 13.1), compared weakly."""
    offered = {part.strip().removeprefix("W/") for part in condition.split(",")}
    return tag in offered or "*" in offered
