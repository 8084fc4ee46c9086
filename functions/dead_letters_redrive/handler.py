"""Every minute: records dead letters as jobs, and retries, parks and resolves them."""

from typing import Any

from vigil.bootstrap import operations
from vigil.bootstrap.process import on_lambda

on_lambda(operations.redrive)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Do what is due."""
    return operations.redrive()(event, context)
