"""The queue of usage events: counts each once."""

from typing import Any

from vigil.bootstrap import metering
from vigil.bootstrap.process import on_lambda

on_lambda(metering.events)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Count the events of a batch of messages."""
    return metering.events()(event, context)
