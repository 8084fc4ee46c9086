"""HTTP API of webhooks."""

from typing import Any

from vigil.bootstrap import webhooks
from vigil.bootstrap.process import on_lambda

on_lambda(webhooks.webhooks_api)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Handle one API Gateway proxy event."""
    return webhooks.webhooks_api()(event, context)
