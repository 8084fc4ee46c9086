"""HTTPS front door: many subjects scored as one batch."""

from typing import Any

from vigil.bootstrap import batches
from vigil.bootstrap.process import on_lambda

on_lambda(batches.api)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Answer one API Gateway proxy event."""
    return batches.api()(event, context)
