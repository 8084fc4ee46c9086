"""The stream of decisions, counted per tenant and day."""

from typing import Any

from vigil import bootstrap

bootstrap.on_lambda(bootstrap.metering_counters)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Count one batch of stream records; name those that must come again."""
    return bootstrap.metering_counters()(event, context)
