"""Models that several tests use, each trained once."""

from functools import cache

from models import recipe
from vigil.prediction.packages.model import TrainedModel


@cache
def trained_model(name: str) -> TrainedModel:
    return recipe.load_recipe(name).train(7, lambda _step, _done: None)
