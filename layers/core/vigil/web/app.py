"""The HTTP app factory: every API function is this app with its own routers."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, cast

from fastapi import APIRouter, FastAPI
from fastapi.telemetry import TelemetryConfig

from vigil.runtime.telemetry import Telemetry
from vigil.web import problems
from vigil.web.middleware import RequestMiddleware
from vigil.web.queries import with_checked_query
from vigil.web.rate_limits import RateLimiter
from vigil.web.route_table import RouteTable

if TYPE_CHECKING:
    from fastapi.routing import APIRoute
    from mangum.types import ASGI

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
    app.middleware_stack = RequestMiddleware(RouteTable(app), telemetry, max_body_bytes, media_types, rate_limiter)
    return app


def lambda_handler(app: FastAPI, telemetry: Telemetry) -> Callable[[Any, Any], Any]:
    """Return the Lambda handler of an app."""
    from vigil.web.lambda_entry import LambdaEntry  # noqa: PLC0415 - only where an app becomes a function
    from vigil.web.rest_events import RestEvent  # noqa: PLC0415 - as above

    # Other media types are sent as base64, which a REST API would not decode for the caller.
    text = ["text/", "application/json", "application/openmetrics-text", problems.MEDIA_TYPE]
    entry = LambdaEntry(
        cast("ASGI", app.middleware_stack), lifespan="off", custom_handlers=[RestEvent], text_mime_types=text
    )
    return telemetry.wrap(entry)
