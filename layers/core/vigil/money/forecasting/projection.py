"""Projection of spend to the end of a period, as an interval. Pure.

Daily spend without its weekday effect is a changing level with noise (simple exponential smoothing). The smoothing is
the one that predicts each past day best from the days before it. The variance of the sum of future days is exact for
that model: Hyndman, Koehler, Ord and Snyder, Forecasting with Exponential Smoothing (2008), chapter 11.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, linear_regression

from vigil.money.forecasting.distributions import gamma_quantile, student_quantile
from vigil.money.forecasting.model import CONFIDENCE

MIN_PROJECTION_DAYS = 14
"""Minimum days of history for a projection."""
_SMOOTHING = tuple(step / 20 for step in range(1, 29))
"""Tried smoothing factors. Above 1 a change continues, as for stored bytes that grew within the day."""
_PRIOR_WEEKS = 1
"""Weight of the prior that all weekdays are equal, in weeks of data."""


@dataclass(frozen=True, slots=True)
class ProjectionInterval:
    """Projected sum: its median, and the bounds that include it with the probability `level`."""

    low: float
    middle: float
    high: float
    level: float = CONFIDENCE


@dataclass(frozen=True, slots=True)
class _Smoothed:
    level: float
    smoothing: float
    noise: float

    def slope_variance(self, count: int) -> float:
        """Return the relative variance of a slope through `count` days, from noise and from changes of the level."""
        return self.noise / self.level / self.level * (12 / count**3 + 1.2 * self.smoothing**2 / count)


def project_spend(days: Sequence[float], weekday: int, spent: float, ahead: Sequence[float]) -> ProjectionInterval:
    """Return the projection of `spent` plus the spend of the days ahead, in the unit of `days`.

    `days` are whole days, oldest first; `weekday` is the first day's (Monday is 0). `ahead` has one number per
    following day: the share of it that is still in the future.
    """
    count = len(days)
    factors = _factors(days, weekday)
    plain = [day / factors[(weekday + number) % 7] for number, day in enumerate(days)]
    growth = _growth(plain)
    today = [day * (1 + growth) ** (count - number) for number, day in enumerate(plain)]
    fit = _smoothed(today)
    if not fit.noise or not fit.level:
        return ProjectionInterval(*(3 * [spent + fit.level * sum(ahead)]))
    weights = [
        share * factors[(weekday + count + number) % 7] * (1 + growth) ** number for number, share in enumerate(ahead)
    ]
    later, shocks = 0.0, 0.0
    for weight in reversed(weights):
        shocks += (weight + fit.smoothing * later) ** 2
        later += weight
    mean = fit.level * later
    drifted = fit.level * sum(weight * number for number, weight in enumerate(weights, 1))
    variance = fit.noise * (shocks + later**2 / count) + drifted**2 * fit.slope_variance(count)
    reach = student_quantile((1 + CONFIDENCE) / 2, count - 7)
    return ProjectionInterval(*(spent + gamma_quantile(mean, variance, z) for z in (-reach, 0.0, reach)))


def _factors(days: Sequence[float], weekday: int) -> list[float]:
    mean = fmean(days) or 1.0
    kinds = [[day / mean for number, day in enumerate(days) if (weekday + number) % 7 == kind] for kind in range(7)]
    factors = [(sum(kind) + _PRIOR_WEEKS) / (len(kind) + _PRIOR_WEEKS) for kind in kinds]
    return [factor / fmean(factors) for factor in factors]


def _growth(days: Sequence[float]) -> float:
    """Return the daily growth as a share, shrunk by the part that may be chance (James and Stein, 1961)."""
    mean = fmean(days)
    slope = linear_regression(range(len(days)), days).slope / mean if mean else 0.0
    if not slope:
        return 0.0
    today = [day * (1 + slope) ** (len(days) - number) for number, day in enumerate(days)]
    variance = _smoothed(today).slope_variance(len(days))
    return slope * max(0.0, 1 - variance / slope**2)


def _smoothed(days: Sequence[float]) -> _Smoothed:
    fits = (_run(days, smoothing) for smoothing in _SMOOTHING)
    return min(fits, key=lambda fit: fit.noise)


def _run(days: Sequence[float], smoothing: float) -> _Smoothed:
    level, squares = fmean(days), 0.0
    least = 0.01 * level
    for day in days:
        error = day - level
        squares += error * error
        level = max(level + smoothing * error, least)
    return _Smoothed(level, smoothing, squares / (len(days) - 7))
