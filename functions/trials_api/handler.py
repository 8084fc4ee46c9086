"""HTTP API of model versions, their promotion, and trials of challengers."""

from typing import Any

from vigil.bootstrap import prediction
from vigil.bootstrap.process import on_lambda

on_lambda(prediction.trials_api)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Handle one API Gateway proxy event."""
    return prediction.trials_api()(event, context)
