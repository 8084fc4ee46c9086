"""HTTP API of health reports of models, and of the findings about them."""

from typing import Any

from vigil.bootstrap import findings
from vigil.bootstrap.process import on_lambda

on_lambda(findings.monitoring_api)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Handle one API Gateway proxy event."""
    return findings.monitoring_api()(event, context)
