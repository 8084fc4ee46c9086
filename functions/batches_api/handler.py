"""HTTP API of batches: many subjects scored at once."""

from typing import Any

from vigil.bootstrap import decisions
from vigil.bootstrap.process import on_lambda

on_lambda(decisions.batches_api)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Handle one API Gateway proxy event."""
    return decisions.batches_api()(event, context)
