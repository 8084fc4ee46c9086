"""The erasure of what is kept of persons who asked for it: one run a minute."""

from typing import Any

from vigil.bootstrap import subjects
from vigil.bootstrap.process import on_lambda

on_lambda(subjects.erase)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Go on with every erasure for as long as there is time."""
    return subjects.erase()(event, context)
