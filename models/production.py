"""Simulated production: requests of many days with the labels that they will have, and a planted drift.

A recipe can have it in `models/<name>/production.py`; `vigil monitor simulate` replays it.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from vigil.monitoring.performance.cohorts_model import Label
from vigil.prediction.features.feature_spec import FeatureSpec


@dataclass(frozen=True, slots=True)
class ProductionPlan:
    """Number of days of production, with about `rows_per_day` requests a day.

    `drift` is a key of `DRIFTS`; None means no drift. It begins on `drift_day`; the first day is 1.
    """

    seed: int
    days: int
    rows_per_day: int
    drift: str | None = None
    drift_day: int = 1

    def has_drift(self, name: str, day: int) -> bool:
        """Return True if the plan has this drift, and it has begun on or before a day. The first day is 1."""
        return self.drift == name and day >= self.drift_day


@dataclass(frozen=True, slots=True)
class SimulatedRequest:
    """One request: its encoded row in the order of the contract, its time in UTC, and its label at the due time.

    `groups` has the given values by attribute. Requests of one person have the same `subject`.
    """

    subject: str
    at: datetime
    row: tuple[float, ...]
    label: Label
    groups: Mapping[str, str] = field(default_factory=dict)


class Production(Protocol):
    """Members of every module `models.<name>.production`."""

    DRIFTS: Mapping[str, str]
    """Drifts that can be planted, each with its description."""

    def requests(self, plan: ProductionPlan) -> Iterable[SimulatedRequest]:
        """Return the requests of all days of a plan, in the order of days; the same plan gives the same requests.

        `plan.drift` is a key of `DRIFTS` or None. Other names plant nothing.
        """
        ...


def production_names() -> list[str]:
    """Return the names of the models with a simulated production, sorted."""
    return sorted(path.parent.name for path in Path(__file__).parent.glob("*/production.py"))


def load_production(name: str) -> Production:
    """Return the module with the production of a model. Raises KeyError for a model without one."""
    if name not in production_names():
        raise KeyError(name)
    return cast("Production", import_module(f"models.{name}.production"))


def lose(row: Sequence[float], specs: Sequence[FeatureSpec], lost: Collection[str]) -> tuple[float, ...]:
    """Return a row with NaN for the features named in `lost`, as after the failure of their source."""
    return tuple(math.nan if spec.name in lost else value for spec, value in zip(specs, row, strict=True))
