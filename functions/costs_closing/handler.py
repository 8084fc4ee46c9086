"""The schedule that closes months."""

from typing import Any

from vigil.bootstrap import costs
from vigil.bootstrap.process import on_lambda

on_lambda(costs.closing)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Close and adjust the months that are due."""
    return costs.closing()(event, context)
