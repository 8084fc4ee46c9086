"""The route of a request: fast routes are found by their paths, all others by FastAPI's router.

FastAPI compares a path with the pattern of each route, and opens an exit stack for files of forms.
See docs/adr/0125-a-request-passes-fewer-layers.md.
"""

from collections.abc import Mapping

from fastapi import FastAPI
from fastapi.middleware.asyncexitstack import AsyncExitStackMiddleware
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

from vigil.web.fast_route import FastRoute


class RouteTable:
    """ASGI app of the routes of an API."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._fixed = _fixed_paths(app)
        self._router = AsyncExitStackMiddleware(app.router)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request by its route. Raises HTTPException with status 404 or 405 without a route."""
        scope["app"] = self._app
        route = self._fixed.get((scope["method"], scope["path"]))
        if route is None:
            await self._router(scope, receive, send)
        else:
            scope["route"], scope["endpoint"], scope["path_params"] = route, route.endpoint, {}
            await route.app(scope, receive, send)


def _fixed_paths(app: FastAPI) -> Mapping[tuple[str, str], Route]:
    """Return the fast routes without path parameters by method and path, where FastAPI would choose them too."""
    found: dict[tuple[str, str], Route] = {}
    for route in app.routes:
        if isinstance(route, FastRoute) and route.is_fast and not route.param_convertors:
            for method in route.methods or ():
                if _first_match(app, method, route.path) is route:
                    found[method, route.path] = route
    return found


def _first_match(app: FastAPI, method: str, path: str) -> object:
    scope = {"type": "http", "method": method, "path": path, "root_path": ""}
    return next((route for route in app.routes if route.matches(scope)[0] is Match.FULL), None)
