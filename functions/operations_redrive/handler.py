"""Every minute: records dead letters as jobs, and retries, parks and resolves them."""

from typing import Any

from vigil import bootstrap

bootstrap.on_lambda(bootstrap.operations_redrive)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Do what is due."""
    return bootstrap.operations_redrive()(event, context)
