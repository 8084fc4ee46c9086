"""Rotation of the keys that sign access tokens, called by Secrets Manager."""

from typing import Any

from vigil.bootstrap import access
from vigil.bootstrap.process import on_lambda

on_lambda(access.tokens_rotation)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Run one of the four rotation steps."""
    return access.tokens_rotation()(event, context)
