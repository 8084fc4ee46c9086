"""Schedule that sends a message for each due step of alerts and notices."""

from typing import Any

from vigil.bootstrap import notices
from vigil.bootstrap.process import on_lambda

on_lambda(notices.alerting_sweep)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Send the messages of the items that are due."""
    return notices.alerting_sweep()(event, context)
