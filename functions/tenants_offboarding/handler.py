"""Schedule that runs once a minute and erases the data of leaving tenants."""

from typing import Any

from vigil.bootstrap import privacy
from vigil.bootstrap.process import on_lambda

on_lambda(privacy.tenants_offboarding)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Continue every erasure while the time allows."""
    return privacy.tenants_offboarding()(event, context)
