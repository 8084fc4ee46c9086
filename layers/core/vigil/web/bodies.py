"""Media types of bodies, and routes that check the shape of JSON bodies before FastAPI validates them."""

from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from fastapi.routing import APIRoute

from vigil.kernel.json_documents import loads


def media_type(content_type: str | None) -> str:
    """Return the media type of a Content-Type without parameters, in lower case; empty for None."""
    return (content_type or "").partition(";")[0].strip().lower()


class BoundedRoute(APIRoute):
    """A route that refuses a JSON body with too many levels or members, or with a member twice."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return FastAPI's handler, behind a check of the body where the route declares one."""
        answer = super().get_route_handler()
        if self.body_field is None:
            return answer

        async def handler(request: Request) -> Response:
            with suppress(ValueError):  # FastAPI answers a body that is not JSON
                loads(await request.body())
            return await answer(request)

        return handler
