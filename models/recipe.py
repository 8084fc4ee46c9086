"""Interface of every `models/<name>/recipe.py`, so that training, demo and tests need no model names."""

from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast, runtime_checkable

from vigil.errors import FieldError, InvalidInput
from vigil.kernel.rows import MODEL_NAME_RULE
from vigil.prediction.engines.contract import is_model_name
from vigil.prediction.packages.model import TrainedModel

if TYPE_CHECKING:
    from models.known import KnownOutcomes

Progress = Callable[[str, float], None]
"""Callback that receives the current step in words and its completed fraction, from 0 to 1."""


class Recipe(Protocol):
    """Functions that every module `models.<name>.recipe` defines."""

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


def check_name(name: str) -> None:
    """Raise InvalidInput for a name that a model cannot have; checked before anything is trained."""
    if not is_model_name(name):
        rule = f"must have only {MODEL_NAME_RULE}; rename its folder in models/"
        raise InvalidInput(FieldError(f"model {name}", rule, MODEL_NAME_RULE))


def load_recipe(name: str) -> Recipe:
    """Return the recipe of a model; raise KeyError for a name without a recipe, InvalidInput as `check_name`."""
    if name not in recipe_names():
        raise KeyError(name)
    check_name(name)
    return cast("Recipe", import_module(f"models.{name}.recipe"))
