"""The queue of batches whose chunks are at an end: joins their results."""

from typing import Any

from vigil.bootstrap import batches
from vigil.bootstrap.process import on_lambda

on_lambda(batches.assemble)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Do the work of one batch of messages; name those that must come again."""
    return batches.assemble()(event, context)
