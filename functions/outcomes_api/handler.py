"""HTTPS front door: what became of the subjects of decisions."""

from typing import Any

from vigil.bootstrap import outcomes
from vigil.bootstrap.process import on_lambda

on_lambda(outcomes.api)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Answer one API Gateway proxy event."""
    return outcomes.api()(event, context)
