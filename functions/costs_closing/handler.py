"""Schedule that closes months."""

from typing import Any

from vigil.bootstrap import money
from vigil.bootstrap.process import on_lambda

on_lambda(money.costs_closing)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Close and adjust the months that are due."""
    return money.costs_closing()(event, context)
