"""HTTP API of the rights of persons: consent, export, erasure."""

from typing import Any

from vigil.bootstrap import privacy
from vigil.bootstrap.process import on_lambda

on_lambda(privacy.persons_api)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Handle one API Gateway proxy event."""
    return privacy.persons_api()(event, context)
