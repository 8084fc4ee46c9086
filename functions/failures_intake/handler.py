"""Intake of failures from the logs of all functions."""

from typing import Any

from vigil.bootstrap import failures
from vigil.bootstrap.process import on_lambda

on_lambda(failures.failures_intake)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Handle one delivery of a log subscription."""
    return failures.failures_intake()(event, context)
