"""HTTP API of access tokens and of the keys that verify them."""

from typing import Any

from vigil.bootstrap import access
from vigil.bootstrap.process import on_lambda

on_lambda(access.tokens_api)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Handle one API Gateway proxy event."""
    return access.tokens_api()(event, context)
