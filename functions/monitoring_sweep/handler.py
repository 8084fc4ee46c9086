"""Schedule that counts and judges the decisions of ended days."""

from typing import Any

from vigil.bootstrap import monitoring
from vigil.bootstrap.process import on_lambda

on_lambda(monitoring.monitoring_sweep)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Continue the nightly sweep."""
    return monitoring.monitoring_sweep()(event, context)
