"""Schedule that sends due deliveries of webhooks to the queue."""

from typing import Any

from vigil.bootstrap import webhooks
from vigil.bootstrap.process import on_lambda

on_lambda(webhooks.webhooks_sweep)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Handle one scheduled event."""
    return webhooks.webhooks_sweep()(event, context)
