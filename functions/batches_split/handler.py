"""The queue of files that have arrived: finds their chunks and starts their lanes."""

from typing import Any

from vigil.bootstrap import batches
from vigil.bootstrap.process import on_lambda

on_lambda(batches.split)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Do the work of one batch of messages; name those that must come again."""
    return batches.split()(event, context)
