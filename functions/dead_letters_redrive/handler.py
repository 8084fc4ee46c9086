"""Schedule that records dead letters as jobs, then retries, parks and resolves them."""

from typing import Any

from vigil.bootstrap import operations
from vigil.bootstrap.process import on_lambda

on_lambda(operations.dead_letters_redrive)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Process the jobs that are due."""
    return operations.dead_letters_redrive()(event, context)
