"""HTTPS front door: many subjects scored as one batch."""

from typing import Any

from vigil import bootstrap

bootstrap.on_lambda(bootstrap.batches_api)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Answer one API Gateway proxy event."""
    return bootstrap.batches_api()(event, context)
