"""Secrets Manager's rotation of the keys that sign access tokens."""

from typing import Any

from vigil import bootstrap

bootstrap.on_lambda(bootstrap.rotation)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Take one of the four steps."""
    return bootstrap.rotation()(event, context)
