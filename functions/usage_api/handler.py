"""HTTPS front door: what was used, and reports of what others have used."""

from typing import Any

from vigil.bootstrap import metering
from vigil.bootstrap.process import on_lambda

on_lambda(metering.api)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Answer one API Gateway proxy event."""
    return metering.api()(event, context)
