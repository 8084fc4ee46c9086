"""The stream of decisions: tells others what was decided."""

from typing import Any

from vigil.bootstrap import events
from vigil.bootstrap.process import on_lambda

on_lambda(events.stream)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Announce one batch of stream records; name those that must come again."""
    return events.stream()(event, context)
