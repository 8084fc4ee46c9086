"""Facts of a route that OpenAPI shows: the operation id, and the headers of its responses."""

from collections.abc import Mapping
from typing import Any

from fastapi.routing import APIRoute

from vigil.web.etags import is_cacheable
from vigil.web.idempotency import WRITE_METHODS, IdempotentRoute
from vigil.web.schemas import header_references

_TEXT = {"type": "string"}
HEADERS: Mapping[str, dict[str, Any]] = {
    "X-Correlation-Id": {
        "description": "Id of the request in logs and problem documents: your own id, if it is a UUID, or a new one.",
        "required": True,
        "schema": _TEXT,
        "example": "0000000a-0000-4000-8000-000000000001",
    },
    "RateLimit-Policy": {
        "description": "Limits of the API key and its tenant: `q` requests in each window of `w` seconds.",
        "schema": _TEXT,
        "example": '"minute";q=60;w=60, "hour";q=1000;w=3600, "tenant-minute";q=300;w=60, "tenant-hour";q=5000;w=3600',
    },
    "RateLimit": {
        "description": "Requests that are left, `r`, and the seconds until the window ends, `t`.",
        "schema": _TEXT,
        "example": '"minute";r=59;t=42, "hour";r=998;t=2022, "tenant-minute";r=289;t=42, "tenant-hour";r=4620;t=2022',
    },
    "Vigil-Key-Expires-At": {
        "description": "Time at which the API key expires; only in the last 30 days. Rotate the key before.",
        "schema": {"type": "string", "format": "date-time"},
        "example": "2027-11-21T05:00:00.000000Z",
    },
    "Retry-After": {
        "description": "Seconds after which a retry may succeed. A 409 has it only for `in-progress`.",
        "schema": {"type": "integer", "minimum": 1},
        "example": 1,
    },
    "ETag": {
        "description": "Version of the answer, for `If-None-Match` and `If-Match`.",
        "schema": _TEXT,
        "example": '"3"',
    },
    "Location": {
        "description": "Path of the resource.",
        "schema": {"type": "string", "format": "uri-reference"},
        "example": "/v1/scores/dec-0123456789abcdefghijklmnopqrstuv",
    },
    "Idempotency-Replayed": {
        "description": "Present if the answer is that of an earlier request with the same effect.",
        "schema": {"type": "string", "const": "true"},
        "example": "true",
    },
    "Allow": {
        "description": "Methods of the path.",
        "schema": _TEXT,
        "example": "GET, POST",
    },
    "WWW-Authenticate": {
        "description": "Scheme of the credential.",
        "schema": _TEXT,
        "example": 'Bearer realm="vigil"',
    },
    "X-Robots-Tag": {
        "description": "Rule for search engines.",
        "schema": _TEXT,
        "example": "noindex",
    },
    "Content-Disposition": {
        "description": "Name of the file.",
        "schema": _TEXT,
        "example": 'attachment; filename="costs-2026-11.csv"',
    },
}
"""Described response headers by name. Security headers, which every response has, are not among them."""
_OF_THE_KEY = ("RateLimit-Policy", "RateLimit", "Vigil-Key-Expires-At")
_BY_STATUS: Mapping[str, tuple[str, ...]] = {
    "401": ("WWW-Authenticate",),
    "402": ("Retry-After",),
    "405": ("Allow",),
    "409": ("Retry-After",),
    "429": ("Retry-After",),
    "503": ("Retry-After",),
}


def operation_id(route: APIRoute) -> str:
    """Return the operation id of a route, `<resource>.<verb>`: its first tag and its name, `scores.create`."""
    return f"{str(route.tags[0]).replace(' ', '_')}.{route.name}"


def problem_headers(status: str, *, guarded: bool) -> dict[str, Any]:
    """Return the headers of problem documents; `guarded` is True if the operation requires a credential."""
    counted = _OF_THE_KEY if guarded and status != "401" else ()
    return header_references("X-Correlation-Id", *counted, *_BY_STATUS.get(status, ()))


def answer_headers(route: APIRoute, status: str, *, guarded: bool) -> dict[str, Any]:
    """Return the headers that an answer has because of its route; the route itself declares others by `sends`."""
    names = ["X-Correlation-Id", *(_OF_THE_KEY if guarded else ())]
    if status == "200" and is_cacheable(route.dependant):
        names.append("ETag")
    if isinstance(route, IdempotentRoute) and WRITE_METHODS & (route.methods or set()) and status.startswith("2"):
        names.append("Idempotency-Replayed")
    return header_references(*names)
