"""Schedule that erases the data of persons on request, once a minute."""

from typing import Any

from vigil.bootstrap import privacy
from vigil.bootstrap.process import on_lambda

on_lambda(privacy.persons_erasure)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Continue every erasure while the time allows."""
    return privacy.persons_erasure()(event, context)
