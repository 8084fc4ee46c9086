"""The stream of decisions, counted per tenant and hour."""

from typing import Any

from vigil.bootstrap import metering
from vigil.bootstrap.process import on_lambda

on_lambda(metering.counters)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Count one batch of stream records; name those that must come again."""
    return metering.counters()(event, context)
