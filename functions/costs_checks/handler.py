"""The schedule that looks after budgets and unusual spend."""

from typing import Any

from vigil.bootstrap import costs
from vigil.bootstrap.process import on_lambda

on_lambda(costs.watch)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Look at the spend of as many tenants as there is time for."""
    return costs.watch()(event, context)
