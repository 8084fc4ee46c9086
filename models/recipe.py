"""What every `models/<name>/recipe.py` offers, so that training, the demo and the tests know no model by name."""

from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast, runtime_checkable

from vigil.prediction.packages.model import TrainedModel

if TYPE_CHECKING:
    from models.known import Known  # commands that train nothing start without LightGBM

Progress = Callable[[str, float], None]
"""Called with a step in words and the fraction done, 0 to 1."""


class Recipe(Protocol):
    """A module `models.<name>.recipe`."""

    def train(self, seed: int, progress: Progress) -> TrainedModel:
        """Train from scratch; the same seed gives the same bytes."""
        ...

    def samples(self, seed: int, count: int) -> Iterable[dict[str, Any]]:
        """Return held-out rows as `POST /v1/scores` bodies without `model`, with the true label under `_label`."""
        ...


@runtime_checkable
class Retrainable(Protocol):
    """A recipe that can also learn from what became of the subjects of its decisions."""

    def retrain(self, seed: int, known: "Known", progress: Progress) -> "tuple[TrainedModel, Known]":
        """Train on the recipe's own data and on known outcomes; return the model and rows it was not trained on.

        Raises LeakageError if a feature tells the label.
        """
        ...


def names() -> list[str]:
    """Return the models that have a recipe."""
    return sorted(p.parent.name for p in Path(__file__).parent.glob("*/recipe.py"))


def load(name: str) -> Recipe:
    """Return the recipe of a model; raise KeyError for a name without one."""
    if name not in names():
        raise KeyError(name)
    return cast("Recipe", import_module(f"models.{name}.recipe"))
