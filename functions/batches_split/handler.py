"""The queue of files that have arrived: finds their chunks and starts their lanes."""

from typing import Any

from vigil import bootstrap

bootstrap.on_lambda(bootstrap.batches_split)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Do the work of one batch of messages; name those that must come again."""
    return bootstrap.batches_split()(event, context)
