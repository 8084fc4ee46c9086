"""The schedules of metering: recounting days, and bringing in the calls of past hours."""

from typing import Any

from vigil.bootstrap import metering
from vigil.bootstrap.process import on_lambda

on_lambda(metering.audit)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Run the job that the event names."""
    return metering.audit()(event, context)
