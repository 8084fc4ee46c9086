"""HTTPS front door: the rights of persons."""

from typing import Any

from vigil.bootstrap import subjects
from vigil.bootstrap.process import on_lambda

on_lambda(subjects.api)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Answer one API Gateway proxy event."""
    return subjects.api()(event, context)
