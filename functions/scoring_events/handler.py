"""The stream of decisions: tells others what was decided."""

from typing import Any

from vigil import bootstrap

bootstrap.on_lambda(bootstrap.scoring_events)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Announce one batch of stream records; name those that must come again."""
    return bootstrap.scoring_events()(event, context)
