"""The middleware of every request, in plain ASGI: Starlette's own base class costs a task per request."""

from typing import Any

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vigil import errors
from vigil.aws import tenant_guard
from vigil.runtime import correlation, telemetry
from vigil.runtime.telemetry import RequestFacts, Telemetry
from vigil.web import etags, principal, problems
from vigil.web.bodies import media_type
from vigil.web.error_responses import error_response
from vigil.web.fast_route import BODY_KEY
from vigil.web.gateway import is_from_gateway
from vigil.web.header_fields import find_header
from vigil.web.principal import Principal
from vigil.web.rate_limits import RateLimiter

SECURITY_HEADERS = {
    "strict-transport-security": "max-age=63072000; includeSubDomains",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
}
Header = tuple[bytes, bytes]
_RAW_HEADERS = [(name.encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]


class RequestMiddleware:
    """Adds correlation id, rate limits, body checks, security headers and the log line, also to error responses."""

    def __init__(
        self,
        app: ASGIApp,
        telemetry: Telemetry,
        max_body_bytes: int,
        media_types: tuple[str, ...],
        rate_limiter: RateLimiter | None = None,
    ) -> None:
        self._app = app
        self._telemetry = telemetry
        self._max_body_bytes = max_body_bytes
        self._media_types = media_types
        self._rate_limiter = rate_limiter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request. Any exception of the app becomes an error response."""
        correlation_id = correlation.start(find_header(scope, correlation.HEADER))
        facts, started = self._telemetry.begin(scope["method"])
        facts.is_from_gateway = is_from_gateway(scope)
        more: list[Header] = [(b"x-correlation-id", correlation_id.encode())]
        send_with_headers = self._add_headers(send, facts, more)
        try:
            scope[BODY_KEY] = body = await self._read(receive)
            caller = principal.find_principal(scope)
            if caller and caller.key_expires_at:
                more.append((principal.KEY_EXPIRY_HEADER.encode(), caller.key_expires_at.encode()))
            with tenant_guard.confine_to(caller.confined_to if caller else None):
                refusal = self._check_rate(caller, more) or self._check_body(scope, body)
                is_get = scope["method"] == "GET"
                respond = etags.send_conditionally(scope, send_with_headers) if is_get else send_with_headers
                await (refusal or self._app)(scope, _replay(body), respond)
        except Exception as error:  # the last handler of every request
            await error_response(scope, error)(scope, receive, send_with_headers)
        finally:
            route = scope.get("route")
            facts.route = getattr(route, "path", facts.route)
            self._telemetry.end(facts, started)

    def _check_rate(self, caller: Principal | None, more: list[Header]) -> Response | None:
        """Count an authenticated request and add its remaining limits to the response headers."""
        if self._rate_limiter is None or caller is None:
            return None
        facts = telemetry.current.get()
        facts.tenant_id, facts.key_id = caller.tenant_id, caller.key_id
        try:
            more += self._rate_limiter.count(caller).headers
        except errors.RateLimited as refused:
            more += refused.headers
            return problems.limit_response(refused)
        return None

    async def _read(self, receive: Receive) -> bytes:
        body, more = b"", True
        while more and len(body) <= self._max_body_bytes:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        return body

    def _check_body(self, scope: Scope, body: bytes) -> Response | None:
        if len(body) > self._max_body_bytes:
            return problems.problem_response(
                problems.CATALOGUE[errors.TooLarge],
                f"The body may have at most {self._max_body_bytes} bytes.",
            )
        has_body = body and scope["method"] in {"POST", "PUT", "PATCH"}
        if has_body and media_type(find_header(scope, "content-type")) not in self._media_types:
            return problems.problem_response(
                problems.CATALOGUE[errors.UnsupportedMediaType],
                f"Content-Type must be {' or '.join(self._media_types)}.",
            )
        return None

    @staticmethod
    def _add_headers(send: Send, facts: RequestFacts, more: list[Header]) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                facts.status = message["status"]
                sent = message["headers"]
                present = {name for name, _ in sent}
                sent += more
                sent += [header for header in _RAW_HEADERS if header[0] not in present]
            await send(message)

        return sending


def _replay(body: bytes) -> Receive:
    messages: list[dict[str, Any]] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return messages.pop() if messages else {"type": "http.disconnect"}

    return receive
