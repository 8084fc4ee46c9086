"""HTTPS front door: what is switched on, for whom."""

from typing import Any

from vigil.bootstrap import flags
from vigil.bootstrap.process import on_lambda

on_lambda(flags.api)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Answer one API Gateway proxy event."""
    return flags.api()(event, context)
