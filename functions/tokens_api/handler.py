"""HTTPS front door: access tokens for keys, and the keys that verify them."""

from typing import Any

from vigil.bootstrap import tokens
from vigil.bootstrap.process import on_lambda

on_lambda(tokens.api)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Answer one API Gateway proxy event."""
    return tokens.api()(event, context)
