"""Events of API Gateway through an ASGI app that never waits: without an event loop, a tenth of a request's time.

Routes compute, and call AWS through clients that block. An environment serves one request at a time, so that nothing
else could run meanwhile.
"""

import logging
from contextvars import copy_context
from typing import Any

from mangum import Mangum
from mangum.types import ASGI, Response
from starlette.types import Message, Scope

_log = logging.getLogger(__name__)


class Entry(Mangum):
    """Mangum's translation of events and answers, around a run that is a single step of the app's coroutine."""

    def _setup_event_loop(self) -> None:
        """Do nothing: no event loop runs, and Python warns of one that is asked for and not there."""

    def __call__(self, event: Any, context: Any) -> dict[str, Any]:
        """Answer one event."""
        handler = self.infer(event, context)
        return handler(copy_context().run(_answer, self.app, handler.scope, handler.body))


def _answer(app: ASGI, scope: Scope, body: bytes) -> Response:
    answered: Response = {"status": 500, "headers": [], "body": b""}

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answered["status"], answered["headers"] = message["status"], message["headers"]
        else:
            answered["body"] += message.get("body", b"")

    run = app(scope, receive, send)
    try:
        run.send(None)
        run.throw(RuntimeError("a route waited, and there is no event loop to wake it"))
    except StopIteration:
        pass
    except Exception as error:  # what has been answered stands, whatever fails after it
        _log.error("%s after the answer", type(error).__name__)
    return answered
