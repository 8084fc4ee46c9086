"""Schedule that escalates late incidents."""

from typing import Any

from vigil.bootstrap import incidents
from vigil.bootstrap.process import on_lambda

on_lambda(incidents.incidents_sweep)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Handle one scheduled event."""
    return incidents.incidents_sweep()(event, context)
