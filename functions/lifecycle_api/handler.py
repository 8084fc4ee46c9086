"""HTTPS front door: versions of models, their promotion, challenger against champion."""

from typing import Any

from vigil import bootstrap

bootstrap.on_lambda(bootstrap.lifecycle_api)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Answer one API Gateway proxy event."""
    return bootstrap.lifecycle_api()(event, context)
