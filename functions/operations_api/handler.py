"""HTTPS front door: what died on the queues."""

from typing import Any

from vigil import bootstrap

bootstrap.on_lambda(bootstrap.operations_api)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Answer one API Gateway proxy event."""
    return bootstrap.operations_api()(event, context)
