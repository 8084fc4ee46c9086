"""HTTP API of failures."""

from typing import Any

from vigil.bootstrap import failures
from vigil.bootstrap.process import on_lambda

on_lambda(failures.failures_api)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Handle one API Gateway proxy event."""
    return failures.failures_api()(event, context)
