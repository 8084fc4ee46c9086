"""HTTP API of scores, decisions, models, health and the API documentation."""

from typing import Any

from vigil.bootstrap import decisions
from vigil.bootstrap.process import on_lambda

on_lambda(decisions.scoring_api)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Handle one API Gateway proxy event."""
    return decisions.scoring_api()(event, context)
