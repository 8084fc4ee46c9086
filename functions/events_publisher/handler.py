"""Stream of decisions: publishes an event for each decision."""

from typing import Any

from vigil.bootstrap import alerting
from vigil.bootstrap.process import on_lambda

on_lambda(alerting.events_publisher)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Process one batch of stream records; return the ids of those to retry."""
    return alerting.events_publisher()(event, context)
