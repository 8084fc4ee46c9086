"""Logistic recalibration: the shift and the slope in natural log-odds that fit the labels (Cox, 1958)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from vigil.monitoring.performance.clusters_model import clustered_variance
from vigil.monitoring.performance.model import Metric, log_odds, normal_metric, probability

_MAX_STEPS = 50
_PRECISION = 1e-10
_MAX_LOG_ODDS = 14.0


@dataclass(frozen=True, slots=True)
class LabelledScore:
    """Equal decisions: `count` of them with this probability and label."""

    probability: float
    occurred: bool
    count: int

    @property
    def log_odds(self) -> float:
        """Natural log-odds of the probability, from -14 to 14. Probabilities of 0 and 1 have these limits."""
        if not 0 < self.probability < 1:
            return math.copysign(_MAX_LOG_ODDS, self.probability - 0.5)
        return min(max(log_odds(self.probability), -_MAX_LOG_ODDS), _MAX_LOG_ODDS)


@dataclass(frozen=True, slots=True)
class Calibration:
    """Recalibration in natural log-odds: the shift (`intercept`) at slope 1, and the slope beside a free shift.

    An intercept of 0 and a slope of 1 are calibrated. `slope` is None if all scores are equal, or if a score separates
    the labels.
    """

    intercept: Metric
    slope: Metric | None


def fit_calibration(scores: Sequence[LabelledScore]) -> Calibration | None:
    """Return the recalibration that fits the labels; None if only one label occurs, or without a fit.

    The metrics have intervals from 30 decisions on. Decisions count as independent.
    """
    if len({each.occurred for each in scores if each.count}) < 2:
        return None
    offsets = [each.log_odds for each in scores]
    shift = _fit(scores, offsets, column=[0.0] * len(offsets))
    if shift is None:
        return None
    centre = math.fsum(x * each.count for x, each in zip(offsets, scores, strict=True)) / sum(s.count for s in scores)
    both = _fit(scores, offsets, column=[x - centre for x in offsets]) if len(set(offsets)) > 1 else None
    return Calibration(shift[0], _plus_one(both[1]) if both else None)


def _fit(
    scores: Sequence[LabelledScore], offsets: Sequence[float], column: Sequence[float]
) -> tuple[Metric, Metric] | None:
    """Return the coefficients of one and of a column that are added to the offsets, by Newton's method.

    A column of zeros has the coefficient 0. The result is None if the steps do not converge.
    """
    shift = slope = 0.0
    for _ in range(_MAX_STEPS):
        fitted = [probability(o + shift + slope * x) for o, x in zip(offsets, column, strict=True)]
        weights = [p * (1 - p) * each.count for p, each in zip(fitted, scores, strict=True)]
        a = math.fsum(weights)
        b = math.fsum(w * x for w, x in zip(weights, column, strict=True))
        c = math.fsum(w * x * x for w, x in zip(weights, column, strict=True)) or 1.0
        if (determinant := a * c - b * b) <= _PRECISION * a * c:
            return None
        residuals = [each.occurred - p for each, p in zip(scores, fitted, strict=True)]
        shifts = [r * (c - b * x) / determinant for r, x in zip(residuals, column, strict=True)]
        slopes = [r * (a * x - b) / determinant for r, x in zip(residuals, column, strict=True)]
        steps = [math.fsum(i * each.count for i, each in zip(some, scores, strict=True)) for some in (shifts, slopes)]
        shift, slope = (at + max(-1.0, min(step, 1.0)) for at, step in zip((shift, slope), steps, strict=True))
        if max(map(abs, steps)) < _PRECISION:
            return _metric(shift, shifts, scores), _metric(slope, slopes, scores)
    return None


def _metric(value: float, influences: Sequence[float], scores: Sequence[LabelledScore]) -> Metric:
    """Return a coefficient with its interval; each label counts as independent."""
    parts = ((i, each.count, None) for i, each in zip(influences, scores, strict=True))
    variance = clustered_variance(parts)
    return Metric(value) if variance is None else normal_metric(value, variance, -math.inf, math.inf)


def _plus_one(metric: Metric) -> Metric:
    low, high = (None if limit is None else limit + 1 for limit in (metric.low, metric.high))
    return Metric(metric.value + 1, low, high)
