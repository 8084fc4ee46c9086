"""Schedules of usage: recount past days, and measure stored bytes."""

from typing import Any

from vigil.bootstrap import money
from vigil.bootstrap.process import on_lambda

on_lambda(money.usage_sweeps)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Run the job that the event names."""
    return money.usage_sweeps()(event, context)
