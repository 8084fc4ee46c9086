"""REQUEST tokens_authorizer: finds the tenant of an API key or access token."""

from typing import Any

from vigil.bootstrap import access
from vigil.bootstrap.process import on_lambda

on_lambda(access.tokens_authorizer)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Return the policy and the tenant's context for one tokens_authorizer event."""
    return access.tokens_authorizer()(event, context)
