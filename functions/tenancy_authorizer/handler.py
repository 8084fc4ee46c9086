"""REQUEST authorizer: finds the tenant of an API key or access token."""

from typing import Any

from vigil.bootstrap import access
from vigil.bootstrap.process import on_lambda

on_lambda(access.authorizer)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Return the policy and the tenant's context for one authorizer event."""
    return access.authorizer()(event, context)
