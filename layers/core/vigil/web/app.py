"""The HTTP app factory: every API function is this app with its own routers."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, cast

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.telemetry import TelemetryConfig
from starlette.exceptions import HTTPException
from starlette.routing import Match

from vigil import errors
from vigil.runtime import telemetry
from vigil.runtime.telemetry import Telemetry
from vigil.web import problems
from vigil.web.middleware import RequestMiddleware
from vigil.web.queries import with_checked_query
from vigil.web.rate_limits import RateLimiter
from vigil.web.schemas import invalid_input

if TYPE_CHECKING:
    from fastapi.routing import APIRoute

_OFF = TelemetryConfig(tracing=False, metrics=False, logs=False)
"""Switches off FastAPI's OpenTelemetry, which costs a lookup per request. Powertools traces instead."""


def create_app(
    *,
    title: str,
    routers: Iterable[APIRouter],
    telemetry: Telemetry,
    max_body_bytes: int,
    state: dict[str, Any],
    media_types: tuple[str, ...] = ("application/json",),
    rate_limiter: RateLimiter | None = None,
) -> FastAPI:
    """Return an app with these routers, and with problem documents, correlation ids, security headers and log lines.

    `media_types` are the media types accepted for request bodies. `state` holds the services that routes read from
    `request.app.state`. Without a `rate_limiter`, requests are not limited.
    """
    app = FastAPI(title=title, version="1", docs_url=None, redoc_url=None, openapi_url=None, telemetry=_OFF)
    # A redirect to the path without a slash would use the caller's Host header and omit the stage.
    app.router.redirect_slashes = False
    app.state.tenant_domain = ""
    for router in routers:
        # `include_router` would match every path twice, for features that are not used here.
        app.router.routes += [with_checked_query(cast("APIRoute", route)) for route in router.routes]
    for name, service in state.items():
        setattr(app.state, name, service)
    app.add_exception_handler(errors.VigilError, _on_vigil_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_middleware(
        RequestMiddleware,
        telemetry=telemetry,
        max_body_bytes=max_body_bytes,
        media_types=media_types,
        on_error=_on_unexpected,
        rate_limiter=rate_limiter,
    )
    return app


def lambda_handler(app: FastAPI, telemetry: Telemetry) -> Callable[[Any, Any], Any]:
    """Return the Lambda handler of an app."""
    from vigil.web.lambda_entry import LambdaEntry  # noqa: PLC0415 - only where an app becomes a function

    # Other media types are sent as base64, which a REST API would not decode for the caller.
    text = ["text/", "application/json", problems.MEDIA_TYPE]
    return telemetry.wrap(LambdaEntry(app, lifespan="off", text_mime_types=text))


async def _on_vigil_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, errors.VigilError)  # noqa: S101 - registered for this class only
    problem = problems.problem_of(error)
    if isinstance(error, errors.InvalidInput):
        return problems.problem_response(problem, str(error), error.errors)
    if isinstance(error, errors.RateLimited | errors.QuotaExceeded | errors.BudgetExhausted | errors.SignInsRefused):
        return problems.limit_response(error)
    if isinstance(error, errors.ModelRefused):
        return problems.problem_response(problem, f"refused: {error.reason}")
    return problems.problem_response(problem, str(error) or problem.title)


async def _on_validation_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class only
    rows = error.errors()
    if any(row["type"] == "json_invalid" for row in rows):
        broken = errors.MalformedRequest(errors.FieldError("body", "is not valid JSON", "RFC 8259"))
        return await _on_vigil_error(_, broken)
    # A malformed header makes the whole request malformed; a malformed body field makes the input invalid.
    kind = errors.MalformedRequest if any(row["loc"][0] == "header" for row in rows) else errors.InvalidInput
    return await _on_vigil_error(_, invalid_input(rows, kind))


async def _on_http_exception(request: Request, error: Exception) -> Response:
    """Translate FastAPI's own rejections: unknown path, unknown method, a body that cannot be parsed."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class only
    if error.status_code == 404:
        return problems.problem_response(problems.CATALOGUE[errors.NotFound], "This path does not exist.")
    if error.status_code == 405:
        response = problems.problem_response(
            problems.METHOD_NOT_ALLOWED,
            "The Allow header lists the supported methods.",
        )
        response.headers["Allow"] = ", ".join(_methods(request))
        return response
    return await _on_vigil_error(
        request, errors.MalformedRequest(errors.FieldError("body", "cannot be parsed", "JSON"))
    )


def _methods(request: Request) -> list[str]:
    """Return the methods of every route at this path; Starlette's own Allow header lists only those of the first."""
    routes = (route for route in request.app.routes if route.matches(request.scope)[0] is not Match.NONE)
    return sorted({method for route in routes for method in route.methods})


def _on_unexpected(error: Exception) -> Response:
    """Return a response that reveals no detail of the error."""
    telemetry.current.get().record_error(error)
    return problems.problem_response(problems.INTERNAL, "The error was logged under the correlation id.")
