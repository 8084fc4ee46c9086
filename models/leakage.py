"""Detection of single features that reveal the label, a sign that they contain information from the future."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.roc_auc import roc_auc
from vigil.prediction.features.feature_spec import FeatureSpec

MAX_SINGLE_FEATURE_AUC = 0.85
"""Limit of the area under the ROC curve of a single feature.

Whole models predict interruption in treatment at 0.66 to 0.79, which one honest feature cannot reach.
"""


@dataclass(frozen=True, slots=True)
class Leak:
    """A suspicious feature, and the area under the ROC curve that it reaches alone."""

    feature: str
    auc: float


class LeakageError(ValueError):
    """Training was refused because single features reveal the label."""

    def __init__(self, leaks: Sequence[Leak]) -> None:
        super().__init__(", ".join(f"{leak.feature} alone has AUC {leak.auc:.3f}" for leak in leaks))
        self.leaks = tuple(leaks)


def refuse_leaks(
    rows: NDArray[np.float64],
    labels: NDArray[np.int64],
    specs: Sequence[FeatureSpec],
    limit: float = MAX_SINGLE_FEATURE_AUC,
) -> None:
    """Raise LeakageError if a feature alone, or the pattern of its missing values, reaches `limit` either way."""
    found = [Leak(spec.name, _auc_alone(rows[:, i], labels, spec)) for i, spec in enumerate(specs)]
    if leaks := [leak for leak in found if leak.auc >= limit]:
        raise LeakageError(leaks)


def _auc_alone(column: NDArray[np.float64], labels: NDArray[np.int64], spec: FeatureSpec) -> float:
    missing = np.isnan(column)
    present = _event_rates(column, labels) if spec.type == "category" else column
    views = [missing.astype(float)]
    if not missing.all():
        views += [np.where(missing, edge, present) for edge in (np.nanmin(present) - 1, np.nanmax(present) + 1)]
    aucs = [roc_auc(labels, view) for view in views]
    return max(max(auc, 1 - auc) for auc in aucs)


def _event_rates(column: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Replace categories by their event rates, because category codes have no order."""
    rates = np.full(len(column), np.nan)
    for code in np.unique(column[~np.isnan(column)]):
        rates[column == code] = labels[column == code].mean()
    return rates
