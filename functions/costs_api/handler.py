"""HTTPS front door: what use costs, budgets and forecasts of it, and the prices."""

from typing import Any

from vigil.bootstrap import costs
from vigil.bootstrap.process import on_lambda

on_lambda(costs.api)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Answer one API Gateway proxy event."""
    return costs.api()(event, context)
