"""Secrets Manager's rotation of the keys that sign access tokens."""

from typing import Any

from vigil.bootstrap import tokens
from vigil.bootstrap.process import on_lambda

on_lambda(tokens.rotation)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Take one of the four steps."""
    return tokens.rotation()(event, context)
