"""HTTPS front door: scores, decisions, models, health and the API's own documentation."""

from typing import Any

from vigil.bootstrap import scoring
from vigil.bootstrap.process import on_lambda

on_lambda(scoring.api)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Answer one API Gateway proxy event."""
    return scoring.api()(event, context)
