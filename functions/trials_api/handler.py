"""HTTPS front door: versions of models, their promotion, challenger against champion."""

from typing import Any

from vigil.bootstrap import models
from vigil.bootstrap.process import on_lambda

on_lambda(models.trials_api)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Answer one API Gateway proxy event."""
    return models.trials_api()(event, context)
