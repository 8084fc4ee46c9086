"""RFC 9457 problem documents: the catalogue of all error responses and their status codes."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from vigil import errors
from vigil.runtime import correlation, telemetry

if TYPE_CHECKING:
    from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Problem:
    """A kind of problem: `code` (the last part of its `type` URN), status code and title."""

    code: str
    status: int
    title: str


INTERNAL = Problem("internal-error", 500, "Something went wrong on our side")
METHOD_NOT_ALLOWED = Problem("method-not-allowed", 405, "The resource does not support this method")

CATALOGUE: dict[type[errors.VigilError], Problem] = {
    errors.MalformedRequest: Problem("malformed-request", 400, "The request cannot be read"),
    errors.InvalidInput: Problem("invalid-input", 422, "The request breaks a rule"),
    errors.UnreadableMessage: Problem("unreadable", 400, "The message cannot be read"),
    errors.UnsupportedMediaType: Problem("unsupported-media-type", 415, "The media type of the body is not accepted"),
    errors.TooLarge: Problem("too-large", 413, "The body is too large"),
    errors.Unauthenticated: Problem("unauthenticated", 401, "No valid credential"),
    errors.Forbidden: Problem("forbidden", 403, "The credential lacks this permission"),
    errors.TierRequired: Problem("tier-required", 403, "The tenant's tier does not include this"),
    errors.TenantMismatch: Problem("tenant-mismatch", 403, "The request names another tenant than the credential"),
    errors.TenantSuspended: Problem("tenant-suspended", 403, "The tenant is suspended"),
    errors.ConsentWithdrawn: Problem("consent-withdrawn", 403, "The person has withdrawn this consent"),
    errors.NotFound: Problem("not-found", 404, "The resource does not exist"),
    errors.Erased: Problem("erased", 410, "The person's data are erased"),
    errors.Conflict: Problem("conflict", 409, "The request does not fit the state of the resource"),
    errors.InUse: Problem("in-use", 409, "The resource is in use by other resources"),
    errors.InProgress: Problem("in-progress", 409, "The first request with this key is still running"),
    errors.PreconditionFailed: Problem("precondition-failed", 412, "The resource has changed since it was read"),
    errors.PreconditionRequired: Problem("precondition-required", 428, "The request must name the expected version"),
    errors.IdempotencyKeyReused: Problem("idempotency-key-reused", 422, "The Idempotency-Key has another payload"),
    errors.SignInsRefused: Problem("sign-ins-refused", 429, "Too many failed sign-ins"),
    errors.RateLimited: Problem("rate-limited", 429, "Too many requests"),
    errors.QuotaExceeded: Problem("quota-exceeded", 429, "The quota of predictions per month is used up"),
    errors.StorageFull: Problem("storage-full", 409, "The tenant's storage is used up"),
    errors.BudgetExhausted: Problem("budget-exhausted", 402, "A budget with a hard stop is used up"),
    errors.DamagedData: Problem("damaged-data", 500, "Stored data are damaged"),
    errors.ModelRefused: Problem("model-refused", 503, "The model failed verification"),
    errors.Unavailable: Problem("unavailable", 503, "A dependency is unavailable"),
    errors.WorkPostponed: Problem("postponed", 503, "The work waits for a service"),
    errors.CircuitOpen: Problem("circuit-open", 503, "A vendor fails, and calls to it pause"),
}


def problem_of(error: errors.VigilError) -> Problem:
    """Return the catalogue entry of an error's class or of its nearest base class."""
    return next((CATALOGUE[cls] for cls in type(error).__mro__ if cls in CATALOGUE), INTERNAL)


def limit_response(
    error: errors.RateLimited | errors.QuotaExceeded | errors.BudgetExhausted | errors.SignInsRefused,
) -> "Response":
    """Return the 429 or 402 response of an exhausted limit, with the name of the limit and the time of its reset."""
    return problem_response(
        problem_of(error), str(error), retry_after=error.retry_after, more={"violated-policies": [error.policy]}
    )


def problem_response(
    problem: Problem,
    detail: str,
    fields: Iterable[errors.FieldError] = (),
    retry_after: int | None = None,
    more: Mapping[str, Any] | None = None,
) -> "Response":
    """Return a problem document, and record its code for the log line.

    The body is ASCII, so that input quoted in it cannot break its encoding.
    """
    from starlette.responses import Response  # noqa: PLC0415 - workers use the catalogue and send no responses

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
    body |= more or {}
    wait = retry_after or (1 if problem.status == 503 or problem.code == "in-progress" else None)
    headers = {"Retry-After": str(wait)} if wait else {}
    if problem.status == 401:  # RFC 9110, 15.5.2
        headers["WWW-Authenticate"] = 'Bearer realm="vigil"'
    return Response(json.dumps(body, separators=(",", ":")), problem.status, headers, MEDIA_TYPE)
