"""Models that several tests use, each trained once for a state of its sources."""

from functools import cache

from cli import trained_models
from vigil.prediction.packages.model import TrainedModel


@cache
def trained_model(name: str) -> TrainedModel:
    return trained_models.trained_model(name, trained_models.SEED, lambda _step, _done: None)
