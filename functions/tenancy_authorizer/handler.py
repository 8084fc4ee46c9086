"""REQUEST authorizer: who is behind a bearer token."""

from typing import Any

from vigil import bootstrap

bootstrap.on_lambda(bootstrap.authorizer)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Answer one authorizer event with a policy and the tenant's context."""
    return bootstrap.authorizer()(event, context)
