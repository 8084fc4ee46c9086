"""Worker of the queue of events and attempts of webhooks."""

from typing import Any

from vigil.bootstrap import webhooks
from vigil.bootstrap.process import on_lambda

on_lambda(webhooks.webhooks_delivery)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Handle one batch of SQS messages."""
    return webhooks.webhooks_delivery()(event, context)
