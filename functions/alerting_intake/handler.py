"""Queue of alerts: opens, continues and ends alerts."""

from typing import Any

from vigil.bootstrap import alerting
from vigil.bootstrap.process import on_lambda

on_lambda(alerting.alerting_intake)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Process one batch of messages; return the ids of those to retry."""
    return alerting.alerting_intake()(event, context)
