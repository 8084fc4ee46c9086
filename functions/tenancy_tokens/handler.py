"""HTTPS front door: access tokens for keys, and the keys that verify them."""

from typing import Any

from vigil import bootstrap

bootstrap.on_lambda(bootstrap.tokens_api)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Answer one API Gateway proxy event."""
    return bootstrap.tokens_api()(event, context)
