"""How good a model is on held-out rows, with 95 % intervals from a bootstrap that resamples whole subjects."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from models.training import Floats, Ints, logistic
from vigil.registry.model import ModelContract

Measure = Callable[[Ints, Floats, Floats], float]
"""Labels, probabilities and row weights to a number."""

SMALLEST_CELL = 11
"""Groups below this are not shown: they could point at a person."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


def _auc(labels: Ints, chance: Floats, weights: Floats) -> float:
    return float(roc_auc_score(labels, chance, sample_weight=weights))


def _log_odds(chance: Floats) -> Floats:
    clipped = chance.clip(1e-9, 1 - 1e-9)
    return np.asarray(np.log(clipped / (1 - clipped)))


def _slope(labels: Ints, chance: Floats, weights: Floats) -> float:
    return logistic(_log_odds(chance), labels, weights).slope


def _intercept(labels: Ints, chance: Floats, weights: Floats) -> float:
    return logistic(_log_odds(chance), labels, weights).intercept


MEASURES: Mapping[str, Measure] = {
    "auc": _auc,
    "average_precision": lambda y, p, w: float(average_precision_score(y, p, sample_weight=w)),
    "brier": lambda y, p, w: float(brier_score_loss(y, p, sample_weight=w)),
    "calibration_slope": _slope,
    "calibration_intercept": _intercept,
}


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """Resamples of whole subjects, as row weights. Efron & Tibshirani (1993), percentile intervals.

    >>> Bootstrap(np.arange(50), seed=0, repeats=20).estimate(_auc, np.arange(50) % 2, np.arange(50) % 2 * 0.5).value
    1.0
    """

    subjects: Ints
    seed: int
    repeats: int = 200

    def estimate(self, measure: Measure, labels: Ints, chance: Floats) -> Estimate:
        """Return the measure on the rows as they are, and its interval over resamples that hold both classes."""
        rng = np.random.default_rng(self.seed)
        _, subject = np.unique(self.subjects, return_inverse=True)
        people = int(subject.max()) + 1
        values = []
        for _ in range(self.repeats):
            weights = np.bincount(rng.integers(0, people, people), minlength=people)[subject]
            drawn = weights > 0
            if 0 < labels[drawn].sum() < drawn.sum():
                values.append(measure(labels[drawn], chance[drawn], weights[drawn].astype(np.float64)))
        low, high = np.quantile(values, [0.025, 0.975])
        return Estimate(measure(labels, chance, np.ones(len(labels))), float(low), float(high))

    def estimates(self, labels: Ints, chance: Floats, names: Iterable[str] = MEASURES) -> dict[str, Estimate]:
        """Return measures of `MEASURES` by name."""
        return {name: self.estimate(MEASURES[name], labels, chance) for name in names}


def flat(estimates: Mapping[str, Estimate]) -> dict[str, float]:
    """Return estimates as the manifest's plain numbers: `auc`, `auc_low`, `auc_high`, ..."""
    out: dict[str, float] = {}
    for name, estimate in estimates.items():
        out |= {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
    return {name: round(value, 6) for name, value in out.items()}


def counts(labels: Ints) -> dict[str, float]:
    """Return how many held-out rows there were, and the share of them with the label."""
    return {"test_rows": float(len(labels)), "base_rate": round(float(labels.mean()), 6)}


@dataclass(frozen=True, slots=True)
class GroupRow:
    """One group of the per-group table; None where too few rows, or one class only, forbid a figure."""

    group: str
    rows: int
    event_rate: float | None
    mean_probability: float | None
    auc: float | None


def by_band(contract: ModelContract, labels: Ints, chance: Floats) -> list[GroupRow]:
    """Return the same of each band: whether its event rate is what its probabilities say."""
    named = np.array([contract.band(p).name for p in chance.tolist()])
    return by_group({f"band {band.name}": named == band.name for band in contract.bands}, labels, chance)


def by_group(groups: Mapping[str, NDArray[np.bool_]], labels: Ints, chance: Floats) -> list[GroupRow]:
    """Return event rate, mean probability and AUC of each group."""
    return [_group(name, labels[mask], chance[mask]) for name, mask in groups.items()]


def _group(name: str, labels: Ints, chance: Floats) -> GroupRow:
    events = int(labels.sum())
    if len(labels) < SMALLEST_CELL:
        return GroupRow(name, len(labels), None, None, None)
    few = min(events, len(labels) - events) < SMALLEST_CELL
    auc = None if few else float(roc_auc_score(labels, chance))
    return GroupRow(name, len(labels), float(labels.mean()), float(chance.mean()), auc)
