"""The queue of chunks: scores the rows of one."""

from typing import Any

from vigil.bootstrap import batches
from vigil.bootstrap.process import on_lambda

on_lambda(batches.score)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Do the work of one batch of messages; name those that must come again."""
    return batches.score()(event, context)
