"""The `Idempotency-Key` header, as draft-ietf-httpapi-idempotency-key-header names it: one effect, one answer.

`APIRouter(route_class=IdempotentRoute)` is all that a router declares: its POST, PUT, PATCH and DELETE honour the
header. The key is claimed when guards and validation have passed, and the answer is kept when the route has given it.
Only answers that had an effect are kept: one that is an error leaves the key as free as it was.
"""

import inspect
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import wraps
from typing import Annotated, Any, Protocol

from fastapi import Depends, Header, Request
from fastapi.responses import Response

from vigil.errors import Conflict, MalformedRequest
from vigil.kernel.json_documents import loads
from vigil.runtime import telemetry
from vigil.web.bodies import BoundedRoute
from vigil.web.principal import Principal, principal
from vigil.web.schemas import responses

METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})
MOST_KEPT = 256 * 1024
"""Of a longer answer (bytes) only the fact is kept: an item holds 400 KB, and an error beats a second effect."""
_KEPT_HEADERS = ("content-type", "location", "etag")

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[\x21-\x7e]{1,255}$",
        description="1 to 255 visible ASCII characters; a retry with the same key has one effect.",
    ),
]


@dataclass(frozen=True, slots=True)
class Use:
    """One use of a key: whose, for what operation (`POST /v1/outcomes`), and with what payload (JSON values)."""

    tenant_id: str
    operation: str
    key: str
    payload: Any


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to carry out a use, up to the end of a lease (epoch milliseconds), which no other claim shares."""

    use: Use
    lease: Decimal


@dataclass(frozen=True, slots=True)
class Answer:
    """What a route answered; no body where it was too long to keep."""

    status: int
    headers: Mapping[str, str]
    body: str | None


class Claims(Protocol):
    """Who may carry out a use of a key now, and what was answered to those that were."""

    def claim(self, use: Use, seconds: float) -> Claim | Answer:
        """Return the claim on a use for so many seconds, or the answer that is kept.

        Raises InProgress while another holds the claim, IdempotencyKeyReused for another payload, Unavailable.
        """
        ...

    def keep(self, claim: Claim, answer: Answer) -> bool:
        """Keep the answer, and say whether that worked: not when somebody else holds the claim by now."""
        ...

    def release(self, claim: Claim) -> None:
        """Give the claim back, as far as that is possible: its lease ends by itself."""
        ...


class IdempotentRoute(BoundedRoute):
    """A route on which a repeated request with the same `Idempotency-Key` has one effect."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **settings: Any) -> None:
        if METHODS & set(settings.get("methods") or ()):
            endpoint = _once(endpoint)
            settings["responses"] = responses(400, 409, 422, 503) | (settings.get("responses") or {})
        super().__init__(path, endpoint, **settings)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return FastAPI's handler, whose answer is kept if the endpoint holds a claim."""
        answer = super().get_route_handler()

        async def handler(request: Request) -> Response:
            try:
                response = await answer(request)
            except BaseException:
                _settle(request, None)
                raise
            _settle(request, response)
            return response

        return handler


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A request that may carry a key, after its guards have let it pass."""

    request: Request
    caller: Principal
    key: str | None

    async def claim(self) -> Response | None:
        """Claim the key, if there is one; return what was answered before to the same request."""
        if self.key is None:
            return None
        request = self.request
        operation = f"{request.method} {request.scope['route'].path}"
        # The role belongs to it: what a role may ask about others is checked by the endpoint, behind kept answers.
        payload = [self.caller.role, request.url.path, request.url.query, _values(await request.body())]
        claims: Claims = request.app.state.claims
        seconds = request.scope["aws.context"].get_remaining_time_in_millis() / 1e3
        earlier = claims.claim(Use(self.caller.tenant_id, operation, self.key, payload), seconds)
        if isinstance(earlier, Claim):
            request.state.claim = earlier
            return None
        telemetry.current.get().replayed = True
        if earlier.body is None:
            raise Conflict("This request was carried out; its answer was too long to keep.")
        return Response(earlier.body, earlier.status, {**earlier.headers, "Idempotency-Replayed": "true"})


async def _attempt(
    request: Request, caller: Annotated[Principal, Depends(principal)], key: IdempotencyKey = None
) -> _Attempt:
    return _Attempt(request, caller, key)


def _once(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    """Return the endpoint with a claim before it: FastAPI calls it when nothing else speaks against the request."""

    @wraps(endpoint)
    async def once(*, attempt: _Attempt, **arguments: Any) -> Any:
        return await attempt.claim() or await endpoint(**arguments)

    own = inspect.signature(endpoint, eval_str=True)
    extra = inspect.Parameter(
        "attempt", inspect.Parameter.KEYWORD_ONLY, annotation=Annotated[_Attempt, Depends(_attempt)]
    )
    once.__signature__ = own.replace(parameters=[*own.parameters.values(), extra])  # type: ignore[attr-defined]
    return once


def _settle(request: Request, response: Response | None) -> None:
    """Keep the answer of a claimed request, or give the claim back where nothing was done."""
    claim: Claim | None = getattr(request.state, "claim", None)
    if claim is None:
        return
    claims: Claims = request.app.state.claims
    if response is None or response.status_code >= 400:
        claims.release(claim)
    elif not claims.keep(claim, _answer(response)):
        telemetry.current.get().not_kept = True


def _answer(response: Response) -> Answer:
    headers = {name: value for name in _KEPT_HEADERS if (value := response.headers.get(name)) is not None}
    body = bytes(response.body)
    return Answer(response.status_code, headers, body.decode() if len(body) <= MOST_KEPT else None)


def _values(body: bytes) -> Any:
    """Return what a body says, so that equal JSON values are equal payloads."""
    try:
        return loads(body)
    except (ValueError, MalformedRequest):  # nothing, or what a route without a body has not looked at
        return body.decode(errors="replace")
