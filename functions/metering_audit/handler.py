"""The schedules of metering: recounting days, and bringing in the calls of past hours."""

from typing import Any

from vigil import bootstrap

bootstrap.on_lambda(bootstrap.metering_audit)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Run the job that the event names."""
    return bootstrap.metering_audit()(event, context)
