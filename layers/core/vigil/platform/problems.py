"""RFC 9457 problem documents: the one catalogue of what an answer can say went wrong."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from starlette.responses import Response

from vigil import errors
from vigil.platform import correlation, telemetry

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Problem:
    """A kind of problem: the last part of its `type` URN, its status code and its title."""

    code: str
    status: int
    title: str


INTERNAL = Problem("internal-error", 500, "Something went wrong on our side")
METHOD_NOT_ALLOWED = Problem("method-not-allowed", 405, "The resource has no such method")

CATALOGUE: dict[type[errors.VigilError], Problem] = {
    errors.MalformedRequest: Problem("malformed-request", 400, "The request cannot be read"),
    errors.InvalidInput: Problem("invalid-input", 422, "The request breaks a rule"),
    errors.UnsupportedMediaType: Problem("unsupported-media-type", 415, "The body must be application/json"),
    errors.TooLarge: Problem("too-large", 413, "The body is too large"),
    errors.Unauthenticated: Problem("unauthenticated", 401, "No valid credential"),
    errors.Forbidden: Problem("forbidden", 403, "The credential does not carry this right"),
    errors.TierRequired: Problem("tier-required", 403, "The tenant's tier does not include this"),
    errors.NotFound: Problem("not-found", 404, "No such resource"),
    errors.Conflict: Problem("conflict", 409, "The state has moved on"),
    errors.InProgress: Problem("in-progress", 409, "The same request is being carried out"),
    errors.PreconditionFailed: Problem("precondition-failed", 412, "The resource is not the one that was read"),
    errors.PreconditionRequired: Problem("precondition-required", 428, "The request must say what it changes"),
    errors.IdempotencyKeyReused: Problem("idempotency-key-reused", 422, "The Idempotency-Key has another payload"),
    errors.ModelRefused: Problem("model-refused", 503, "The model failed verification"),
    errors.Unavailable: Problem("unavailable", 503, "A dependency is away"),
}


def of(error: errors.VigilError) -> Problem:
    """Return the catalogue entry of the nearest class of an error."""
    return next((CATALOGUE[cls] for cls in type(error).__mro__ if cls in CATALOGUE), INTERNAL)


def answer(problem: Problem, detail: str, fields: Iterable[errors.FieldError] = ()) -> Response:
    """Return a problem document and note its code for the log line.

    The body is ASCII, so that no input can break its encoding.
    """
    telemetry.current.get().problem = problem.code
    body: dict[str, Any] = {
        "type": f"urn:vigil:problem:{problem.code}",
        "title": problem.title,
        "status": problem.status,
        "detail": detail,
        "correlation_id": correlation.current.get(),
    }
    if rows := [asdict(field) for field in fields]:
        body["errors"] = rows
    headers = {"Retry-After": "1"} if problem.status == 503 or problem.code == "in-progress" else None
    return Response(json.dumps(body, separators=(",", ":")), problem.status, headers, MEDIA_TYPE)
