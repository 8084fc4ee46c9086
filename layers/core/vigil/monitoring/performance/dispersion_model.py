"""Dispersion of labels: variance of the event rate between successive weeks, relative to independent decisions."""

from dataclasses import dataclass
from typing import TypeAlias

from vigil.monitoring.performance.cohorts_model import CohortArm
from vigil.monitoring.profiles.model import SUM_SCALE

MAX_PAIRS = 26
"""Pairs of weeks after which the dispersion is fixed, so that a later change does not hide in it."""
_MIN_EXPECTED = 1.0
_SAMPLING_VARIANCE = 3.0
"""Variance of a measured dispersion of 1 times the pairs of weeks: squared normal differences."""
_Week: TypeAlias = tuple[int, float, float]
"""Events, their expected number by the scores, and its variance for independent decisions."""


@dataclass(frozen=True, slots=True)
class WeekDispersion:
    """Measured dispersion of labels between successive weeks.

    `spread` is the sum of squared differences over `pairs` of weeks, in units of their sampling variance. `last` has
    the events of the last counted week, their expected number, and its variance; None before the first week.
    """

    pairs: int = 0
    spread: float = 0.0
    last: _Week | None = None

    @property
    def value(self) -> float:
        """Variance between weeks relative to independent decisions, at least 1.

        The sampling error is removed by shrinkage towards 1 (James and Stein, 1961). Before the first pair, the value
        is 1.
        """
        if not self.pairs:
            return 1.0
        excess = self.spread / self.pairs - 1
        error = _SAMPLING_VARIANCE / self.pairs
        return 1 + excess - error / excess if excess > 0 and excess * excess > error else 1.0

    def add(self, arm: CohortArm) -> "WeekDispersion":
        """Return the dispersion with the week after the last one; `arm` has the untreated decisions of that week.

        A week with less than 1 expected event changes nothing. After 26 pairs, which are 27 counted weeks, no week
        changes the dispersion.
        """
        week = _week(arm)
        if self.pairs == MAX_PAIRS or week[1] < _MIN_EXPECTED:
            return self
        if self.last is None:
            return WeekDispersion(last=week)
        return WeekDispersion(self.pairs + 1, self.spread + _squared_difference(self.last, week), week)


def _week(arm: CohortArm) -> _Week:
    total, squares = sum(arm.labelled.sums), sum(arm.labelled.squares)
    return sum(arm.events), total / SUM_SCALE, max(total - squares, 1) / SUM_SCALE


def _squared_difference(first: _Week, second: _Week) -> float:
    """Return the squared difference of events per expected one, relative to its variance at the common ratio."""
    ratio = (first[0] + second[0] + 1) / (first[1] + second[1] + 1)
    difference = first[0] / first[1] - second[0] / second[1]
    return difference * difference / (ratio * (first[2] / first[1] ** 2 + second[2] / second[1] ** 2))
