"""HTTP API of dead letters."""

from typing import Any

from vigil.bootstrap import operations
from vigil.bootstrap.process import on_lambda

on_lambda(operations.dead_letters_api)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Handle one API Gateway proxy event."""
    return operations.dead_letters_api()(event, context)
