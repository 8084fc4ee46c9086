"""Routes whose JSON bodies are bounded in depth before FastAPI parses them."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from fastapi.routing import APIRoute

from vigil.errors import MalformedRequest
from vigil.kernel.json_documents import is_too_deep, too_deep


class BoundedRoute(APIRoute):
    """A route that refuses a JSON body with too many levels of arrays and objects."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return FastAPI's handler, behind a check of the body where the route declares one."""
        answer = super().get_route_handler()
        if self.body_field is None:
            return answer

        async def handler(request: Request) -> Response:
            if is_too_deep(await request.body()):
                raise MalformedRequest(too_deep("body"))
            return await answer(request)

        return handler
