"""HTTPS front door of usage."""

from typing import Any

from vigil import bootstrap

bootstrap.on_lambda(bootstrap.metering_api)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Answer one API Gateway proxy event."""
    return bootstrap.metering_api()(event, context)
