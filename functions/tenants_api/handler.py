"""HTTPS front door: tenants, their keys, the certificates of those that have left."""

from typing import Any

from vigil.bootstrap import tenancy
from vigil.bootstrap.process import on_lambda

on_lambda(tenancy.api)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Answer one API Gateway proxy event."""
    return tenancy.api()(event, context)
