"""HTTP API of vendors' reports and of signed links, for callers without a key."""

from typing import Any

from vigil.bootstrap import inbound
from vigil.bootstrap.process import on_lambda

on_lambda(inbound.inbound_api)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Handle one API Gateway proxy event."""
    return inbound.inbound_api()(event, context)
