"""Mean of values of subjects with its 95 % confidence interval."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean

MIN_SUBJECTS = 30
"""Minimum subjects for an interval; with fewer, the normal approximation is not valid."""
_Z = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True, slots=True)
class MeanInterval:
    """A mean and its 95 % confidence interval; the interval is null for too few subjects."""

    mean: float
    low: float | None
    high: float | None


def mean_interval(values: Sequence[float], subjects: Sequence[str]) -> MeanInterval | None:
    """Return the mean and its interval, robust to equal values of one subject (Liang & Zeger, 1986).

    `subjects` has the subject of each value. The result is None without values.
    """
    if not values:
        return None
    mean = fmean(values)
    residuals: dict[str, float] = {}
    for value, subject in zip(values, subjects, strict=True):
        residuals[subject] = residuals.get(subject, 0.0) + value - mean
    clusters = len(residuals)
    if clusters < MIN_SUBJECTS:
        return MeanInterval(mean, None, None)
    spread = math.fsum(r * r for r in residuals.values()) * clusters / (clusters - 1)
    half = _Z * math.sqrt(spread) / len(values)
    return MeanInterval(mean, mean - half, mean + half)
