"""Schedule that checks budgets and unusual spend."""

from typing import Any

from vigil.bootstrap import money
from vigil.bootstrap.process import on_lambda

on_lambda(money.costs_checks)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Check as many tenants as the time allows."""
    return money.costs_checks()(event, context)
