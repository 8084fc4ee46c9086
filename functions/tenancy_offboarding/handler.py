"""The erasure of what tenants that leave have owned: one run a minute."""

from typing import Any

from vigil import bootstrap

bootstrap.on_lambda(bootstrap.tenancy_offboarding)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Go on with every erasure for as long as there is time."""
    return bootstrap.tenancy_offboarding()(event, context)
