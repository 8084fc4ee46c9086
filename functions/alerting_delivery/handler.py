"""Queue of deliveries: sends notices to channels, and takes the due steps of alerts."""

from typing import Any

from vigil.bootstrap import notices
from vigil.bootstrap.process import on_lambda

on_lambda(notices.alerting_delivery)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Process one batch of messages; return the ids of those to retry."""
    return notices.alerting_delivery()(event, context)
