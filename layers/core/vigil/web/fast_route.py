"""Routes that pass well-formed requests directly to the endpoint, because FastAPI's own path costs more than a score.

The routes are declared to FastAPI as usual, so OpenAPI, validation and error responses remain FastAPI's. Bypassing
FastAPI altogether would save 40 us more, at the price of a second way to declare routes.
See docs/adr/0012-well-formed-requests-bypass-fastapi-s-request-solver.md.
"""

from inspect import signature
from typing import Any

from fastapi import Request
from fastapi.middleware.asyncexitstack import AsyncExitStackMiddleware
from pydantic_core import PydanticUndefined, from_json
from starlette.types import Receive, Scope, Send

from vigil.errors import MalformedRequest
from vigil.kernel.json_documents import loads
from vigil.web.bodies import BoundedRoute
from vigil.web.header_fields import find_header

BODY_KEY = "vigil.body"
"""Key of the ASGI scope under which the middleware stores the request body."""


class FastRoute(BoundedRoute):
    """A route with the fast path, if its endpoint takes `request`, a JSON body, headers and dependencies on `request`.

    Any other endpoint uses FastAPI's path. So does a malformed request, to get FastAPI's error response. That calls the
    dependencies a second time, so they may only read or reject the request.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # FastAPI's path expects this exit stack in the scope.
        self.fastapi_app, body, needs = AsyncExitStackMiddleware(self.app), self.body_field, self.dependant
        self._fields = [body, *needs.header_params] if body else []
        self._header_names = [field.alias.lower() for field in needs.header_params]
        calls: dict[Any, Any] = {dependency.name: dependency.call for dependency in needs.dependencies}
        self._dependencies = {
            name: call for name, call in calls.items() if [*signature(call).parameters] == ["request"]
        }
        known = {"request", *self._dependencies, *(field.name for field in self._fields)}
        self.is_fast = body is not None and known == signature(self.endpoint).parameters.keys()
        """True if well-formed requests take the fast path."""
        if self.is_fast:
            self.app = self._fast_path

    async def _fast_path(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        if (arguments := await self._arguments(request)) is None:
            await self.fastapi_app(scope, receive, send)
        else:
            response = await self.endpoint(request=request, **arguments)
            await response(scope, receive, send)

    async def _arguments(self, request: Request) -> dict[str, Any] | None:
        """Return the arguments of the endpoint besides the request, or None if the request is malformed."""
        try:
            body = loads(request.scope[BODY_KEY], from_json)
        except (ValueError, MalformedRequest):
            return None
        arguments = {name: await call(request) for name, call in self._dependencies.items()}
        offered = [body, *(find_header(request.scope, name) for name in self._header_names)]
        for field, value in zip(self._fields, offered, strict=True):
            argument, errors = (field.default, []) if value is None else field.validate(value)
            if errors or argument is PydanticUndefined:
                return None
            arguments[field.name] = argument
        return arguments
