"""What an hour of spend should be, and how far beyond it chance goes: a robust seasonal baseline. Pure.

The hours of a week have a profile; its level is the median of the fortnight before, so that it follows growth and not
a day that went wrong. Around what is expected, spend has the variance of Taylor's law (Nature 189, 1961) and the tail
of a gamma variable, which serves few expensive calls and many cheap ones; where the rarest hours of the past were
rarer than that, the bound moves out as far as they did.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from statistics import fmean, median

from vigil.money.forecasting.distributions import gamma, gamma_score, normal, student
from vigil.money.forecasting.model import DAY, LEVEL_DAYS, WEEK

WINDOWS = (1, 6, 24)
"""Hours that are looked at together: a spike shows in one, a drip in a day."""
_UNSEASONAL = 0.05
"""Of the spend is thought to come at any hour, so that no hour expects nothing."""
_TRIMMED = 0.1
"""Of the values of an hour of the week is left out at either end."""
_OUTLIERS = 0.005
"""Of the squares is left out of a variance."""
_MARGIN = 1.1
"""By so much further chance is thought to go: the tail of the past is known from few hours. Set by simulation."""
_FORGIVEN = 2
"""So many hours of the past may have been anomalies without moving the bound."""

Pairs = Sequence[tuple[float, float]]
"""Of what windows were expected to cost, and did."""


@dataclass(frozen=True, slots=True)
class _Law:
    """The variance of a window by its mean, `factor * mean ** power`, and how many deviations chance takes it."""

    power: float
    factor: float
    reach: float


class Baseline:
    """Fitted to whole days of hours, oldest first, more than a fortnight of them; `weekday` is of the first.

    `chance` is the probability that a window which is like the past is beyond its bound.
    """

    def __init__(self, hours: Sequence[float], weekday: int, chance: float) -> None:
        self._first = weekday * DAY
        self._profile = _profile(hours, self._first)
        shares = [sum(self._profile[start : start + DAY]) for start in range(0, WEEK, DAY)]
        days = (sum(hours[start : start + DAY]) for start in range(0, len(hours), DAY))
        weeks = [spent / shares[(weekday + number) % 7] for number, spent in enumerate(days)]
        self._levels = [median(weeks[day - LEVEL_DAYS : day]) for day in range(LEVEL_DAYS, len(weeks) + 1)]
        settled = LEVEL_DAYS * DAY
        due = [self.hour(number) for number in range(settled, len(hours))]
        self._laws = {window: _law(_pairs(due, hours[settled:], window), window, chance) for window in WINDOWS}
        # Each week has helped to make its own expectation, and will not help to make the next one's.
        count = len(hours) / WEEK
        self._honesty = ((count + 1) / (count - 1)) ** 0.5

    def hour(self, number: int) -> float:
        """Return what an hour is expected to cost, counted from the first; from the fifteenth day on."""
        day = min(number // DAY - LEVEL_DAYS, len(self._levels) - 1)
        return self._levels[day] * self._profile[(self._first + number) % WEEK]

    def bound(self, window: int, expected: float) -> float:
        """Return the spend that chance does not exceed in so many hours that are expected to cost so much."""
        law = self._laws[window]
        return gamma(expected, law.factor * expected**law.power, law.reach * self._honesty)


def _profile(hours: Sequence[float], first: int) -> list[float]:
    """Return the share of each hour of the week, Monday's first: the spend of it and its neighbours over all weeks."""
    slots: list[list[float]] = [[] for _ in range(WEEK)]
    for number, spent in enumerate(hours):
        for neighbour in (-1, 0, 1):
            slots[(first + number + neighbour) % WEEK].append(spent)
    means = [_trimmed(slot) for slot in slots]
    total = sum(means) or 1.0
    return [(1 - _UNSEASONAL) * mean / total + _UNSEASONAL / WEEK for mean in means]


def _trimmed(values: list[float]) -> float:
    cut = int(_TRIMMED * len(values))
    return fmean(sorted(values)[cut : len(values) - cut])


def _pairs(due: Sequence[float], spent: Sequence[float], window: int) -> Pairs:
    """Return every window of these hours that expected something, by how much it expected."""
    sums = [[0.0, *accumulate(values)] for values in (due, spent)]
    windows = ([ends[end] - ends[end - window] for end in range(window, len(ends))] for ends in sums)
    return sorted((expected, cost) for expected, cost in zip(*windows, strict=True) if expected > 0)


def _law(pairs: Pairs, window: int, chance: float) -> _Law:
    """Return the law of these windows; Student's t, as there are so many that do not overlap to know it from."""
    half = len(pairs) // 2
    (low, low_variance), (high, high_variance) = _moments(pairs[:half]), _moments(pairs[half:])
    power = 1.5
    if high > 1.2 * low and low_variance and high_variance:
        power = min(max(math.log(high_variance / low_variance) / math.log(high / low), 1.0), 2.0)
    factor = _moments(pairs)[1] / fmean(expected**power for expected, _ in pairs)
    if not factor:
        return _Law(power, factor, 1.0)
    scores = sorted(gamma_score(spent, expected, factor * expected**power) for expected, spent in pairs)
    ranks = (len(scores) // 100, _FORGIVEN * window)
    spread = max(scores[-1 - rank] / normal(1 - (rank + 1) / len(scores)) for rank in ranks)
    return _Law(power, factor, _MARGIN * max(1.0, spread) * student(1 - chance, len(pairs) / window))


def _moments(pairs: Pairs) -> tuple[float, float]:
    """Return the mean of what was expected and the variance around it, without the rarest."""
    squares = sorted((spent - expected) ** 2 for expected, spent in pairs)
    return fmean(expected for expected, _ in pairs), fmean(squares[: len(squares) - int(_OUTLIERS * len(squares))])
