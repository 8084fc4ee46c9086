"""Runs the ASGI app on API Gateway events without an event loop, which saves a tenth of a request's time.

Mangum's own cycle runs an event loop for every event. Routes compute and call AWS through blocking clients, and an
environment serves one request at a time, so the loop would have no other work.
See docs/adr/0013-the-api-runs-without-an-event-loop.md.
"""

import logging
from contextvars import copy_context
from typing import Any

from mangum import Mangum
from mangum.types import ASGI, Response
from starlette.types import Message, Scope

_log = logging.getLogger(__name__)


class LambdaEntry(Mangum):
    """Mangum's translation of events and responses, around one step of the app's coroutine."""

    def _setup_event_loop(self) -> None:
        """Do nothing: no event loop runs, and Python warns of one that is asked for and not there."""

    def __call__(self, event: Any, context: Any) -> dict[str, Any]:
        """Return the response to one event."""
        handler = self.infer(event, context)
        return handler(copy_context().run(_run_app, self.app, handler.scope, handler.body))


def _run_app(app: ASGI, scope: Scope, body: bytes) -> Response:
    response: Response = {"status": 500, "headers": [], "body": b""}

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            response["status"], response["headers"] = message["status"], message["headers"]
        else:
            response["body"] += message.get("body", b"")

    run = app(scope, receive, send)
    try:
        run.send(None)
        run.throw(RuntimeError("a route awaited, and there is no event loop to resume it"))
    except StopIteration:
        pass
    except Exception as error:  # the response is already complete
        _log.error("%s after the response", type(error).__name__)
    return response
