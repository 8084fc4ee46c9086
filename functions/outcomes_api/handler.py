"""HTTPS front door: what became of the subjects of decisions."""

from typing import Any

from vigil import bootstrap

bootstrap.on_lambda(bootstrap.outcomes_api)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Answer one API Gateway proxy event."""
    return bootstrap.outcomes_api()(event, context)
