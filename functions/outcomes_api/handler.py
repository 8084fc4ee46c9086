"""HTTP API of outcomes: the later results of scored subjects."""

from typing import Any

from vigil.bootstrap import decisions
from vigil.bootstrap.process import on_lambda

on_lambda(decisions.outcomes_api)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Handle one API Gateway proxy event."""
    return decisions.outcomes_api()(event, context)
