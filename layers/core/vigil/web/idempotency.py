"""The `Idempotency-Key` header (draft-ietf-httpapi-idempotency-key-header): a repeated request has one effect.

A router declares `APIRouter(route_class=IdempotentRoute)`; then its POST, PUT, PATCH and DELETE routes honour the
header. The key is claimed after guards and validation have passed. The response is stored when the route has returned
it. An error response is not stored and releases the key.
"""

import inspect
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import wraps
from typing import Annotated, Any, Protocol

from fastapi import Depends, Header, Request
from fastapi.responses import Response

from vigil.errors import Conflict, MalformedRequest
from vigil.kernel.json_documents import loads, with_equal_numbers
from vigil.runtime import telemetry
from vigil.web.bodies import BoundedRoute
from vigil.web.principal import Principal, require_principal
from vigil.web.schemas import responses

WRITE_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})
MAX_STORED_BODY_BYTES = 256 * 1024
"""Maximum stored response body, in bytes; a DynamoDB item holds 400 KB.

Of a longer response only the status is stored. Repeating that request fails instead of having a second effect.
"""
_STORED_HEADERS = ("content-type", "location", "etag")
_CONDITIONAL_HEADERS = ("if-match", "if-none-match")

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        max_length=255,
        pattern=r"^[\x21-\x7e]{1,255}$",
        description="1 to 255 visible ASCII characters; a retry with the same key has one effect.",
    ),
]


@dataclass(frozen=True, slots=True)
class IdempotentRequest:
    """A request with an Idempotency-Key: its tenant, operation (`POST /v1/outcomes`), key and payload (JSON values).

    `conditions` are its headers `if-match` and `if-none-match`.
    """

    tenant_id: str
    operation: str
    key: str
    payload: Any
    conditions: Mapping[str, str] = field(default_factory=dict)

    def compared_value(self, answer_format: int) -> Any:
        """Return the value that a repeated request must have, by the rules of the first request's answer format."""
        if answer_format < 2:
            return self.payload
        return [with_equal_numbers(self.payload), dict(self.conditions)]


@dataclass(frozen=True, slots=True)
class Claim:
    """The exclusive right to serve a request until the end of its lease (epoch milliseconds, unique per claim)."""

    request: IdempotentRequest
    lease: Decimal


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """A route's response; `body` is None if it was longer than MAX_STORED_BODY_BYTES."""

    status: int
    headers: Mapping[str, str]
    body: str | None


class ClaimStore(Protocol):
    """Storage of claims and responses by Idempotency-Key."""

    def claim(self, request: IdempotentRequest, seconds: float) -> Claim | StoredResponse:
        """Return the claim on a request for this many seconds, or the stored response.

        Raises InProgress while the claim has another owner, IdempotencyKeyReused for another payload, Unavailable.
        """
        ...

    def complete(self, claim: Claim, response: StoredResponse) -> bool:
        """Store the response and return True; return False if the claim has another owner or the store is away."""
        ...

    def release(self, claim: Claim) -> None:
        """Release the claim. A failure is ignored, because the lease ends by itself."""
        ...


class IdempotentRoute(BoundedRoute):
    """A route on which a repeated request with the same `Idempotency-Key` has one effect."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **settings: Any) -> None:
        if WRITE_METHODS & set(settings.get("methods") or ()):
            endpoint = _with_claim(endpoint)
            settings["responses"] = responses(400, 409, 422, 503) | (settings.get("responses") or {})
        super().__init__(path, endpoint, **settings)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return FastAPI's handler, extended by storing the response of a claimed request."""
        respond = super().get_route_handler()

        async def handler(request: Request) -> Response:
            try:
                response = await respond(request)
            except BaseException:
                _finish(request, None)
                raise
            _finish(request, response)
            return response

        return handler


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A request that has passed its guards and may carry an Idempotency-Key."""

    request: Request
    caller: Principal
    key: str | None

    async def claim(self) -> Response | None:
        """Claim the key, if there is one. Return the stored response of a repeated request."""
        if self.key is None:
            return None
        request = self.request
        operation = f"{request.method} {request.scope['route'].path}"
        # The authority is part of the payload, because the endpoint's own checks do not run for a stored response.
        payload = [self.caller.authority, request.url.path, request.url.query, _json_value(await request.body())]
        store: ClaimStore = request.app.state.claims
        seconds = request.scope["aws.context"].get_remaining_time_in_millis() / 1e3
        conditions = {name: request.headers[name] for name in _CONDITIONAL_HEADERS if name in request.headers}
        keyed = IdempotentRequest(self.caller.tenant_id, operation, self.key, payload, conditions)
        earlier = store.claim(keyed, seconds)
        if isinstance(earlier, Claim):
            request.state.claim = earlier
            return None
        telemetry.current.get().replayed = True
        if earlier.body is None:
            raise Conflict("This request has succeeded, but its response is too long to be stored. Fetch the resource.")
        return Response(earlier.body, earlier.status, {**earlier.headers, "Idempotency-Replayed": "true"})


async def _attempt(
    request: Request, caller: Annotated[Principal, Depends(require_principal)], key: IdempotencyKey = None
) -> _Attempt:
    return _Attempt(request, caller, key)


def _with_claim(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    """Return the endpoint preceded by a claim. FastAPI calls it after guards and validation have passed."""

    @wraps(endpoint)
    async def claimed(*, attempt: _Attempt, **arguments: Any) -> Any:
        return await attempt.claim() or await endpoint(**arguments)

    own = inspect.signature(endpoint, eval_str=True)
    extra = inspect.Parameter(
        "attempt", inspect.Parameter.KEYWORD_ONLY, annotation=Annotated[_Attempt, Depends(_attempt)]
    )
    claimed.__signature__ = own.replace(parameters=[*own.parameters.values(), extra])  # type: ignore[attr-defined]
    return claimed


def _finish(request: Request, response: Response | None) -> None:
    """Store the response of a claimed request, or release the claim after an error."""
    claim: Claim | None = getattr(request.state, "claim", None)
    if claim is None:
        return
    store: ClaimStore = request.app.state.claims
    if response is None or response.status_code >= 400:
        store.release(claim)
    elif not store.complete(claim, _stored(response)):
        telemetry.current.get().not_kept = True


def _stored(response: Response) -> StoredResponse:
    headers = {name: value for name in _STORED_HEADERS if (value := response.headers.get(name)) is not None}
    body = bytes(response.body)
    return StoredResponse(response.status_code, headers, body.decode() if len(body) <= MAX_STORED_BODY_BYTES else None)


def _json_value(body: bytes) -> Any:
    """Return the parsed body, so that equal JSON values are equal payloads; text if it is not JSON."""
    try:
        return loads(body)
    except (ValueError, MalformedRequest):  # an empty body, or one that its route does not read
        return body.decode(errors="replace")
