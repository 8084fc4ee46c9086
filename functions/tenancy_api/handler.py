"""HTTPS front door: tenants, their keys, the certificates of those that have left."""

from typing import Any

from vigil import bootstrap

bootstrap.on_lambda(bootstrap.tenancy_api)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Answer one API Gateway proxy event."""
    return bootstrap.tenancy_api()(event, context)
