"""Confidence intervals of a proportion and of the ratio of two proportions, from counts."""

import math
from dataclasses import dataclass
from statistics import NormalDist

Z95 = NormalDist().inv_cdf(0.975)
"""Quantile of the standard normal distribution for intervals of 95 %."""


@dataclass(frozen=True, slots=True)
class Proportion:
    """Number of events among `rows`. The numbers may be fractions when a number of rows is planned."""

    events: float
    rows: float

    @property
    def rate(self) -> float:
        """Events per row. Raises ZeroDivisionError without rows."""
        return self.events / self.rows

    def interval(self, z: float) -> tuple[float, float]:
        """Return the lower and the upper limit of Wilson's score interval (1927), from 0 to 1.

        `z` is the normal quantile, for example 1.96 for 95 %. Raises ZeroDivisionError without rows.
        """
        square = z * z
        scale = 1 + square / self.rows
        middle = (self.rate + square / (2 * self.rows)) / scale
        variance = self.rate * (1 - self.rate) / self.rows + square / (4 * self.rows * self.rows)
        half = z * math.sqrt(variance) / scale
        return max(middle - half, 0.0), min(middle + half, 1.0)


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio of two rates and the limits of its interval.

    `value` is None and `high` infinite if the denominator has no event.
    """

    value: float | None
    low: float
    high: float


def ratio_interval(group: Proportion, others: Proportion, z: float) -> Ratio:
    """Return the rate of a group divided by the rate of the others, with its MOVER-R interval.

    `z` is the normal quantile of the interval, for example 1.96 for 95 %. The limits are recovered from Wilson's
    intervals of both rates (Donner and Zou, Statistical Methods in Medical Research, 2012). If the others have no
    event, the value is None and the upper limit infinite. Raises ZeroDivisionError if a side has no rows.
    """
    p, q = group.rate, others.rate
    low_p, high_p = group.interval(z)
    low_q, high_q = others.interval(z)
    product = p * q
    value = p / q if q > 0 else None
    low, high = 0.0, math.inf
    if p > 0:
        root = math.sqrt(max(product * product - low_p * high_q * (2 * p - low_p) * (2 * q - high_q), 0.0))
        low = _limit(product - root, high_q * (2 * q - high_q), 0.0)
    if q > 0:
        root = math.sqrt(max(product * product - high_p * low_q * (2 * p - high_p) * (2 * q - low_q), 0.0))
        high = _limit(product + root, low_q * (2 * q - low_q), math.inf)
    return Ratio(value, low, high)


def _limit(numerator: float, denominator: float, unbounded: float) -> float:
    """Return a limit; both terms of a lower limit are negative where the interval of the others contains `2 q`."""
    return numerator / denominator if denominator else unbounded
