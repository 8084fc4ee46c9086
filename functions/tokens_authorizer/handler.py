"""REQUEST authorizer: who is behind a bearer token."""

from typing import Any

from vigil.bootstrap import tenancy
from vigil.bootstrap.process import on_lambda

on_lambda(tenancy.authorizer)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Answer one authorizer event with a policy and the tenant's context."""
    return tenancy.authorizer()(event, context)
