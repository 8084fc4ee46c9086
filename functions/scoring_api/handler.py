"""HTTPS front door: scores, decisions, models, health and the API's own documentation."""

from typing import Any

from vigil import bootstrap

bootstrap.on_lambda(bootstrap.scoring_api)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Answer one API Gateway proxy event."""
    return bootstrap.scoring_api()(event, context)
