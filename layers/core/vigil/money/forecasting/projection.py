"""What will have been spent at the end of a period, as an interval. Pure.

Days without their weekday are a level that wanders and noise around it (simple exponential smoothing); how much it
wanders is what told each past day best from those before it. The variance of the days to come together is exact for
that model: Hyndman, Koehler, Ord and Snyder, Forecasting with Exponential Smoothing (2008), chapter 11.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, linear_regression

from vigil.money.forecasting.distributions import gamma, student
from vigil.money.forecasting.model import CONFIDENCE

LEAST_DAYS = 14
_SMOOTHING = tuple(step / 20 for step in range(1, 29))
"""Beyond 1 a day counts for more than itself: what is held, such as storage, goes on as it went within the day."""
_PRIOR_WEEKS = 1
"""What a weekday is like is believed as if that many weeks had been like any day."""


@dataclass(frozen=True, slots=True)
class Interval:
    """What a sum will be in the middle, and between which bounds it will be with the probability `level`."""

    low: float
    middle: float
    high: float
    level: float = CONFIDENCE


@dataclass(frozen=True, slots=True)
class _Smoothed:
    level: float
    smoothing: float
    noise: float

    def doubt(self, count: int) -> float:
        """Return the variance of a slope through so many days, relative: of noise, and of a level that wanders."""
        return self.noise / self.level / self.level * (12 / count**3 + 1.2 * self.smoothing**2 / count)


def projection(days: Sequence[float], weekday: int, spent: float, ahead: Sequence[float]) -> Interval:
    """Return what will be spent: `spent`, and what is still to come.

    `days` are whole days, oldest first, from a `weekday` (Monday is 0) on; `ahead` are the days that follow, as the
    shares of them that are still to come.
    """
    count = len(days)
    factors = _factors(days, weekday)
    plain = [day / factors[(weekday + number) % 7] for number, day in enumerate(days)]
    growth = _growth(plain)
    today = [day * (1 + growth) ** (count - number) for number, day in enumerate(plain)]
    fit = _smoothed(today)
    if not fit.noise or not fit.level:
        return Interval(*(3 * [spent + fit.level * sum(ahead)]))
    weights = [
        share * factors[(weekday + count + number) % 7] * (1 + growth) ** number for number, share in enumerate(ahead)
    ]
    later, shocks = 0.0, 0.0
    for weight in reversed(weights):
        shocks += (weight + fit.smoothing * later) ** 2
        later += weight
    mean = fit.level * later
    drifted = fit.level * sum(weight * number for number, weight in enumerate(weights, 1))
    variance = fit.noise * (shocks + later**2 / count) + drifted**2 * fit.doubt(count)
    reach = student((1 + CONFIDENCE) / 2, count - 7)
    return Interval(*(spent + gamma(mean, variance, z) for z in (-reach, 0.0, reach)))


def _factors(days: Sequence[float], weekday: int) -> list[float]:
    mean = fmean(days) or 1.0
    kinds = [[day / mean for number, day in enumerate(days) if (weekday + number) % 7 == kind] for kind in range(7)]
    factors = [(sum(kind) + _PRIOR_WEEKS) / (len(kind) + _PRIOR_WEEKS) for kind in kinds]
    return [factor / fmean(factors) for factor in factors]


def _growth(days: Sequence[float]) -> float:
    """Return by what share days grow, shrunk by how much of that may be chance (James and Stein, 1961)."""
    mean = fmean(days)
    slope = linear_regression(range(len(days)), days).slope / mean if mean else 0.0
    if not slope:
        return 0.0
    doubt = _smoothed([day * (1 + slope) ** (len(days) - number) for number, day in enumerate(days)]).doubt(len(days))
    return slope * max(0.0, 1 - doubt / slope**2)


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
