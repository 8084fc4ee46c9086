"""HTTP API of circuit breakers."""

from typing import Any

from vigil.bootstrap import operations
from vigil.bootstrap.process import on_lambda

on_lambda(operations.circuit_breakers_api)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Handle one API Gateway proxy event."""
    return operations.circuit_breakers_api()(event, context)
