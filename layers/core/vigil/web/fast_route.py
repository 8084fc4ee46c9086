"""Routes whose well-formed requests go straight to the endpoint: FastAPI's own way costs more than a score.

They are declared to FastAPI like any other, so that OpenAPI, validation and every error remain FastAPI's.
"""

from inspect import signature
from typing import Any

from fastapi import Request
from pydantic_core import PydanticUndefined, from_json
from starlette.types import Receive, Scope, Send

from vigil.kernel.json_documents import is_too_deep
from vigil.web.bodies import BoundedRoute

BODY = "vigil.body"
"""Where in the ASGI scope the envelope leaves the body that it has read."""


class DirectRoute(BoundedRoute):
    """A route of `request`, a JSON body, headers, and dependencies on `request`; what takes more is left to FastAPI.

    A request that is not well formed goes the long way, which says what is wrong with it. That asks the dependencies
    a second time: they may look at the request and refuse it, and do nothing else.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._long_way, body, needs = self.app, self.body_field, self.dependant
        self._fields = [body, *needs.header_params] if body else []
        calls: dict[Any, Any] = {dependency.name: dependency.call for dependency in needs.dependencies}
        self._dependencies = {
            name: call for name, call in calls.items() if [*signature(call).parameters] == ["request"]
        }
        known = {"request", *self._dependencies, *(field.name for field in self._fields)}
        if body and known == signature(self.endpoint).parameters.keys():
            self.app = self._serve

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        if (arguments := await self._arguments(request)) is None:
            await self._long_way(scope, receive, send)
        else:
            response = await self.endpoint(request=request, **arguments)
            await response(scope, receive, send)

    async def _arguments(self, request: Request) -> dict[str, Any] | None:
        """Return what the endpoint takes beside the request, or None where something is not well formed."""
        if is_too_deep(request.scope[BODY]):
            return None
        try:
            body = from_json(request.scope[BODY])
        except ValueError:
            return None
        arguments = {name: await call(request) for name, call in self._dependencies.items()}
        offered = [body, *(request.headers.get(field.alias) for field in self._fields[1:])]
        for field, value in zip(self._fields, offered, strict=True):
            found, errors = (field.default, []) if value is None else field.validate(value)
            if errors or found is PydanticUndefined:
                return None
            arguments[field.name] = found
        return arguments
