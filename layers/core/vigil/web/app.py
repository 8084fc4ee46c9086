"""The HTTP app factory: every API function is this app with its own routers."""

from collections.abc import Callable, Iterable
from typing import Any

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
from vigil.web.middleware import Envelope
from vigil.web.rate_limits import Admission
from vigil.web.schemas import field_error

_OFF = TelemetryConfig(tracing=False, metrics=False, logs=False)
"""FastAPI's own OpenTelemetry, which it would look for on every request: Powertools does that work here."""


def create_app(
    *,
    title: str,
    routers: Iterable[APIRouter],
    telemetry: Telemetry,
    max_body_bytes: int,
    state: dict[str, Any],
    media_types: tuple[str, ...] = ("application/json",),
    admission: Admission | None = None,
) -> FastAPI:
    """Return the app: routers, problem documents, correlation id, security headers, limits, one log line.

    `media_types` are those of the bodies that it takes; `state` is what routes find under `request.app.state`: the
    services that bootstrap wired. Without `admission` nobody is limited.
    """
    app = FastAPI(title=title, version="1", docs_url=None, redoc_url=None, openapi_url=None, telemetry=_OFF)
    # A redirect to the path without a slash would name the caller's Host, and no stage.
    app.router.redirect_slashes = False
    app.state.tenant_domain = ""
    for router in routers:
        # Included, a router would match every path twice; nothing of what that buys is used here.
        app.router.routes += router.routes
    for name, service in state.items():
        setattr(app.state, name, service)
    app.add_exception_handler(errors.VigilError, _on_vigil_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_middleware(
        Envelope,
        telemetry=telemetry,
        max_body_bytes=max_body_bytes,
        media_types=media_types,
        on_error=_on_unexpected,
        admission=admission,
    )
    return app


def lambda_handler(app: FastAPI, telemetry: Telemetry) -> Callable[[Any, Any], Any]:
    """Return the Lambda entry of an app."""
    from vigil.web.lambda_entry import Entry  # noqa: PLC0415 - only where an app becomes a function

    # What is not listed goes out as base64, which a REST API would hand to the caller undecoded.
    text = ["text/", "application/json", problems.MEDIA_TYPE]
    return telemetry.wrap(Entry(app, lifespan="off", text_mime_types=text))


async def _on_vigil_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, errors.VigilError)  # noqa: S101 - what it was registered for
    problem = problems.of(error)
    if isinstance(error, errors.InvalidInput):
        return problems.answer(problem, str(error), error.errors)
    if isinstance(error, errors.RateLimited | errors.QuotaExceeded | errors.BudgetExhausted):
        return problems.used_up(error)
    if isinstance(error, errors.ModelRefused):
        return problems.answer(problem, f"refused: {error.reason}")
    return problems.answer(problem, str(error) or problem.title)


async def _on_validation_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - what it was registered for
    rows = error.errors()
    if any(row["type"] == "json_invalid" for row in rows):
        broken = errors.MalformedRequest(errors.FieldError("body", "is not valid JSON", "RFC 8259"))
        return await _on_vigil_error(_, broken)
    # A header is part of the envelope: a malformed one makes the request malformed, not its content invalid.
    kind = errors.MalformedRequest if any(row["loc"][0] == "header" for row in rows) else errors.InvalidInput
    return await _on_vigil_error(_, kind(*map(field_error, rows)))


async def _on_http_exception(request: Request, error: Exception) -> Response:
    """Translate what FastAPI itself refuses: no route, no such method, a body that cannot be parsed."""
    assert isinstance(error, HTTPException)  # noqa: S101 - what it was registered for
    if error.status_code == 404:
        return problems.answer(problems.CATALOGUE[errors.NotFound], "There is nothing at this address.")
    if error.status_code == 405:
        response = problems.answer(problems.METHOD_NOT_ALLOWED, "See the Allow header.")
        response.headers["Allow"] = ", ".join(_methods(request))
        return response
    return await _on_vigil_error(
        request, errors.MalformedRequest(errors.FieldError("body", "cannot be parsed", "JSON"))
    )


def _methods(request: Request) -> list[str]:
    """Return the methods of every route at this address; Starlette's own Allow names those of the first one only."""
    routes = (route for route in request.app.routes if route.matches(request.scope)[0] is not Match.NONE)
    return sorted({method for route in routes for method in route.methods})


def _on_unexpected(error: Exception) -> Response:
    """Answer without a word of the error."""
    telemetry.current.get().blame(error)
    return problems.answer(problems.INTERNAL, "The error was logged under the correlation id.")
