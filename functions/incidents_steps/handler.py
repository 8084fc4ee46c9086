"""Worker of the queue of steps of runbooks."""

from typing import Any

from vigil.bootstrap import incidents
from vigil.bootstrap.process import on_lambda

on_lambda(incidents.incidents_steps)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Handle one batch of SQS messages."""
    return incidents.incidents_steps()(event, context)
