"""HTTPS front door: what is switched on, for whom."""

from typing import Any

from vigil import bootstrap

bootstrap.on_lambda(bootstrap.flags_api)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Answer one API Gateway proxy event."""
    return bootstrap.flags_api()(event, context)
