"""HTTP API of alerts and of their configuration."""

from typing import Any

from vigil.bootstrap import alerting
from vigil.bootstrap.process import on_lambda

on_lambda(alerting.alerting_api)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Handle one API Gateway proxy event."""
    return alerting.alerting_api()(event, context)
