"""HTTP API of tenants, their keys, and certificates of erasure."""

from typing import Any

from vigil.bootstrap import access
from vigil.bootstrap.process import on_lambda

on_lambda(access.tenants_api)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Handle one API Gateway proxy event."""
    return access.tenants_api()(event, context)
