"""HTTP API of metrics and objectives."""

from typing import Any

from vigil.bootstrap import measurements
from vigil.bootstrap.process import on_lambda

on_lambda(measurements.metrics_api)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Handle one API Gateway proxy event."""
    return measurements.metrics_api()(event, context)
