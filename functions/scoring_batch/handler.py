"""The queue of chunks: scores the rows of one."""

from typing import Any

from vigil import bootstrap

bootstrap.on_lambda(bootstrap.scoring_batch)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Do the work of one batch of messages; name those that must come again."""
    return bootstrap.scoring_batch()(event, context)
