"""Queue of usage events: counts each event once."""

from typing import Any

from vigil.bootstrap import money
from vigil.bootstrap.process import on_lambda

on_lambda(money.usage_events)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Process one batch of messages; return the ids of those to retry."""
    return money.usage_events()(event, context)
