"""Answers that their callers may keep: `Cache-Control`, `ETag`, and 304 for what they have already.

A GET route declares `dependencies=[kept(seconds)]`; every other answer stays `no-store`. Nothing is kept here: what a
caller does not keep, or has lost, is answered as if there were no cache.
"""

import hashlib
from typing import Any

from fastapi import Depends, Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import Message, Scope, Send

_POLICY = "vigil.cache_control"


def kept(seconds: int, *, immutable: bool = False) -> Any:
    """Return the dependency of a GET route whose answer callers may use for so long, and then ask if it still holds."""
    policy = f"private, max-age={seconds}" + (", immutable" if immutable else "")

    async def declare(request: Request) -> None:
        request.scope[_POLICY] = policy

    return Depends(declare)


def revalidated(scope: Scope, send: Send) -> Send:
    """Return what sends an answer with its validator, or a 304 without it where the caller has the same one already.

    A tag that the route has set stands; otherwise it is made from the body.
    """
    held: Message | None = None

    async def sending(message: Message) -> None:
        nonlocal held
        if message["type"] == "http.response.start" and message["status"] == 200 and _POLICY in scope:
            held = message
            return
        if held is not None:
            start, held = held, None
            if _same(scope, start, message["body"]):
                message["body"] = b""
            await send(start)
        await send(message)

    return sending


def _same(scope: Scope, start: Message, body: bytes) -> bool:
    """Dress the start of an answer, and say whether the caller has its body."""
    headers = MutableHeaders(raw=start["headers"])
    tag = headers.setdefault("etag", f'"{hashlib.sha256(body).hexdigest()[:32]}"')
    headers["cache-control"] = scope[_POLICY]
    # A cache that two callers share must not give one of them what is the other's.
    headers.add_vary_header("Authorization")
    if not matches(Headers(scope=scope).get("if-none-match", ""), tag):
        return False
    start["status"] = 304
    for name in ("content-type", "content-length"):
        del headers[name]
    return True


def matches(condition: str, tag: str) -> bool:
    """Say whether `If-None-Match` or `If-Match` names a tag (RFC 9110, 13.1), weakly compared."""
    offered = {part.strip().removeprefix("W/") for part in condition.split(",")}
    return tag in offered or "*" in offered
