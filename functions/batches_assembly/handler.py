"""Queue of batches whose chunks are complete: joins their results."""

from typing import Any

from vigil.bootstrap import decisions
from vigil.bootstrap.process import on_lambda

on_lambda(decisions.batches_assembly)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Process one batch of messages; return the ids of those to retry."""
    return decisions.batches_assembly()(event, context)
