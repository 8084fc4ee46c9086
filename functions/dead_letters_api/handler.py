"""HTTPS front door: what died on the queues."""

from typing import Any

from vigil.bootstrap import operations
from vigil.bootstrap.process import on_lambda

on_lambda(operations.api)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Answer one API Gateway proxy event."""
    return operations.api()(event, context)
