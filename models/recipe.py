"""Interface of every `models/<name>/recipe.py`, so that training, demo and tests need no model names."""

from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast, runtime_checkable

from vigil.prediction.packages.model import TrainedModel

if TYPE_CHECKING:
    from models.known import KnownOutcomes

Progress = Callable[[str, float], None]
"""Callback with a step in words and the completed fraction, from 0 to 1."""


class Recipe(Protocol):
    """A module `models.<name>.recipe`."""

    def train(self, seed: int, progress: Progress) -> TrainedModel:
        """Train from scratch; the same seed gives the same bytes."""
        ...

    def samples(self, seed: int, count: int) -> Iterable[dict[str, Any]]:
        """Return held-out rows as bodies of `POST /v1/scores` without `model`; `_label` is the true label."""
        ...


@runtime_checkable
class Retrainable(Protocol):
    """A recipe that can also learn from reported outcomes of decisions."""

    def retrain(self, seed: int, known: "KnownOutcomes", progress: Progress) -> "tuple[TrainedModel, KnownOutcomes]":
        """Train on the recipe's own data and on reported outcomes; return the model and rows not used for training.

        Raises LeakageError if a feature reveals the label.
        """
        ...


def recipe_names() -> list[str]:
    """Return the names of the models with a recipe."""
    return sorted(p.parent.name for p in Path(__file__).parent.glob("*/recipe.py"))


def load_recipe(name: str) -> Recipe:
    """Return the recipe of a model; raise KeyError for a name without a recipe."""
    if name not in recipe_names():
        raise KeyError(name)
    return cast("Recipe", import_module(f"models.{name}.recipe"))
