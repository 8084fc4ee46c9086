"""HTTP API of incidents."""

from typing import Any

from vigil.bootstrap import incidents
from vigil.bootstrap.process import on_lambda

on_lambda(incidents.incidents_api)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Handle one API Gateway proxy event."""
    return incidents.incidents_api()(event, context)
