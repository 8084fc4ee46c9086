"""HTTP API of costs, prices, budgets and forecasts."""

from typing import Any

from vigil.bootstrap import money
from vigil.bootstrap.process import on_lambda

on_lambda(money.costs_api)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Handle one API Gateway proxy event."""
    return money.costs_api()(event, context)
