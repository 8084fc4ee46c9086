"""Robust seasonal baseline: the expected spend of an hour, and the bound that chance does not exceed. Pure.

The hours of a week have a profile. Its level is the median of the two weeks before, so it follows growth but not a
single unusual day. Around the expected spend, the variance follows Taylor's law (Nature 189, 1961) and the tail a gamma
distribution, which fits few expensive calls and many cheap ones. If the history has hours beyond that tail, the bound
moves out as far as these hours.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from statistics import fmean, median

from vigil.money.forecasting.distributions import gamma_quantile, gamma_score, normal_quantile, student_quantile
from vigil.money.forecasting.model import HOURS_PER_DAY, HOURS_PER_WEEK, LEVEL_DAYS

WINDOW_HOURS = (1, 6, 24)
"""Lengths of the checked windows, in hours: one hour shows a spike, a day shows a small constant excess."""
_UNSEASONAL = 0.05
"""Share of the spend that is spread evenly over all hours, so that no hour has an expected spend of 0."""
_TRIMMED = 0.1
"""Share of the values of an hour of the week that is left out at each end."""
_OUTLIERS = 0.005
"""Share of the largest squares that is left out of a variance."""
_MARGIN = 1.1
"""Factor that widens the bound, because only few hours show the tail of the history. Set by simulation."""
_FORGIVEN = 2
"""Number of past hours that may have been anomalies without moving the bound."""

_DAY_STARTS = range(0, HOURS_PER_WEEK, HOURS_PER_DAY)
"""First hour of each day of a week."""
Pairs = Sequence[tuple[float, float]]
"""Expected and actual spend of windows."""


@dataclass(frozen=True, slots=True)
class _VarianceLaw:
    """Variance of a window with a mean, `factor * mean ** power`; `reach` is the bound in standard deviations."""

    power: float
    factor: float
    reach: float


class Baseline:
    """Baseline of whole days of hourly spend, oldest first, of more than two weeks.

    `weekday` is the weekday of the first day (Monday is 0). `chance` is the probability that a window like those of
    the history exceeds its bound.
    """

    def __init__(self, hours: Sequence[float], weekday: int, chance: float) -> None:
        self._first = weekday * HOURS_PER_DAY
        self._profile = _profile(hours, self._first)
        shares = [sum(self._profile[start : start + HOURS_PER_DAY]) for start in _DAY_STARTS]
        days = (sum(hours[start : start + HOURS_PER_DAY]) for start in range(0, len(hours), HOURS_PER_DAY))
        weeks = [spent / shares[(weekday + number) % 7] for number, spent in enumerate(days)]
        self._levels = [median(weeks[day - LEVEL_DAYS : day]) for day in range(LEVEL_DAYS, len(weeks) + 1)]
        settled = LEVEL_DAYS * HOURS_PER_DAY
        due = [self.expected_spend(number) for number in range(settled, len(hours))]
        self._laws = {window: _law(_pairs(due, hours[settled:], window), window, chance) for window in WINDOW_HOURS}
        # Each past week is part of its own expectation; the next week is not part of its expectation.
        count = len(hours) / HOURS_PER_WEEK
        self._widening = ((count + 1) / (count - 1)) ** 0.5

    def expected_spend(self, number: int) -> float:
        """Return the expected spend of an hour, counted from the first hour; defined from the fifteenth day on."""
        day = min(number // HOURS_PER_DAY - LEVEL_DAYS, len(self._levels) - 1)
        return self._levels[day] * self._profile[(self._first + number) % HOURS_PER_WEEK]

    def bound(self, window: int, expected: float) -> float:
        """Return the spend that chance does not exceed in a window of hours with this expected spend."""
        law = self._laws[window]
        return gamma_quantile(expected, law.factor * expected**law.power, law.reach * self._widening)


def _profile(hours: Sequence[float], first: int) -> list[float]:
    """Return the share of each hour of the week, from Monday's first: of its spend and that of its two neighbours."""
    slots: list[list[float]] = [[] for _ in range(HOURS_PER_WEEK)]
    for number, spent in enumerate(hours):
        for neighbour in (-1, 0, 1):
            slots[(first + number + neighbour) % HOURS_PER_WEEK].append(spent)
    means = [_trimmed(slot) for slot in slots]
    total = sum(means) or 1.0
    return [(1 - _UNSEASONAL) * mean / total + _UNSEASONAL / HOURS_PER_WEEK for mean in means]


def _trimmed(values: list[float]) -> float:
    cut = int(_TRIMMED * len(values))
    return fmean(sorted(values)[cut : len(values) - cut])


def _pairs(due: Sequence[float], spent: Sequence[float], window: int) -> Pairs:
    """Return expected and actual spend of every window with expected spend, in order of expected spend."""
    sums = [[0.0, *accumulate(values)] for values in (due, spent)]
    windows = ([ends[end] - ends[end - window] for end in range(window, len(ends))] for ends in sums)
    return sorted((expected, cost) for expected, cost in zip(*windows, strict=True) if expected > 0)


def _law(pairs: Pairs, window: int, chance: float) -> _VarianceLaw:
    """Return the variance law of these windows.

    The reach is a quantile of Student's t with as many degrees of freedom as windows that do not overlap.
    """
    half = len(pairs) // 2
    (low, low_variance), (high, high_variance) = _moments(pairs[:half]), _moments(pairs[half:])
    power = 1.5
    if high > 1.2 * low and low_variance and high_variance:
        power = min(max(math.log(high_variance / low_variance) / math.log(high / low), 1.0), 2.0)
    factor = _moments(pairs)[1] / fmean(expected**power for expected, _ in pairs)
    if not factor:
        return _VarianceLaw(power, factor, 1.0)
    scores = sorted(gamma_score(spent, expected, factor * expected**power) for expected, spent in pairs)
    ranks = (len(scores) // 100, _FORGIVEN * window)
    spread = max(scores[-1 - rank] / normal_quantile(1 - (rank + 1) / len(scores)) for rank in ranks)
    return _VarianceLaw(power, factor, _MARGIN * max(1.0, spread) * student_quantile(1 - chance, len(pairs) / window))


def _moments(pairs: Pairs) -> tuple[float, float]:
    """Return the mean of the expected spend and the variance around it, without the largest squares."""
    squares = sorted((spent - expected) ** 2 for expected, spent in pairs)
    return fmean(expected for expected, _ in pairs), fmean(squares[: len(squares) - int(_OUTLIERS * len(squares))])
