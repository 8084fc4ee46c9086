"""Schedule that collects metrics and evaluates objectives."""

from typing import Any

from vigil.bootstrap import measurements
from vigil.bootstrap.process import on_lambda

on_lambda(measurements.metrics_collection)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Collect from the sources that are due."""
    return measurements.metrics_collection()(event, context)
