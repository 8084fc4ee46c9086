"""Routes whose well-formed requests go straight to the endpoint: FastAPI's own way costs more than a score.

They are declared to FastAPI like any other, so that OpenAPI, validation and every error remain FastAPI's.
"""

from typing import Any

from fastapi import Request
from fastapi.routing import APIRoute
from pydantic_core import PydanticUndefined, from_json
from starlette.types import Receive, Scope, Send

BODY = "vigil.body"
"""Where in the ASGI scope the envelope leaves the body that it has read."""


class DirectRoute(APIRoute):
    """A route of a JSON body, headers, and dependencies on the request alone; one that takes more is left to FastAPI.

    A request that is not well formed goes the long way, which says what is wrong with it. That asks the dependencies
    a second time: they may look at the request and refuse it, and do nothing else.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._long_way = self.app
        needs = self.dependant
        others = [needs.path_params, needs.query_params, needs.cookie_params, *(d.dependencies for d in needs.dependencies)]
        if self.body_field and not any(others):
            self.app = self._serve

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        if (arguments := await self._arguments(request)) is None:
            await self._long_way(scope, receive, send)
        else:
            response = await self.endpoint(**arguments)
            await response(scope, receive, send)

    async def _arguments(self, request: Request) -> dict[str, Any] | None:
        """Return what to call the endpoint with, or None where something is not well formed."""
        needs, body = self.dependant, self.body_field
        try:
            offered = [(body, from_json(request.scope[BODY]))]
        except ValueError:
            return None
        offered += [(field, request.headers.get(field.alias)) for field in needs.header_params]
        arguments = {needs.request_param_name: request} if needs.request_param_name else {}
        for dependency in needs.dependencies:
            arguments[dependency.name] = await dependency.call(request)
        for field, value in offered:
            found, errors = (field.default, ()) if value is None else field.validate(value)
            if errors or found is PydanticUndefined:
                return None
            arguments[field.name] = found
        return arguments
