"""Stream of decisions: counts them per tenant and hour."""

from typing import Any

from vigil.bootstrap import money
from vigil.bootstrap.process import on_lambda

on_lambda(money.usage_counters)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Process one batch of stream records; return the ids of those to retry."""
    return money.usage_counters()(event, context)
