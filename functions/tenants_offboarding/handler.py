"""The erasure of what tenants that leave have owned: one run a minute."""

from typing import Any

from vigil.bootstrap import tenancy
from vigil.bootstrap.process import on_lambda

on_lambda(tenancy.erase)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Go on with every erasure for as long as there is time."""
    return tenancy.erase()(event, context)
