"""The queue of batches whose chunks are at an end: joins their results."""

from typing import Any

from vigil import bootstrap

bootstrap.on_lambda(bootstrap.batches_assembly)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Do the work of one batch of messages; name those that must come again."""
    return bootstrap.batches_assembly()(event, context)
