"""What an hour of spend should be, and how far beyond it chance goes: a robust seasonal baseline. Pure.

The hours of a week have a profile; its level is the median of the fortnight before, so that it follows growth and not a
day that went wrong. Around what is expected, spend has the variance of Taylor's law (Nature 189, 1961), and the tail of a
gamma variable: both hold for few expensive calls as for many cheap ones.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from statistics import fmean, median

from vigil.forecasting.distributions import gamma, gamma_score, normal, student

DAY = 24
WEEK = 7 * DAY
LEVEL_DAYS = 14
WINDOWS = (1, 6, 24)
"""Hours that are looked at together: a spike shows in one, what drips in a day."""
_UNSEASONAL = 0.05
"""Of the spend is thought to come at any hour, so that no hour expects nothing."""
_CUT = 0.1
"""Of a slot's values is left out at either end."""
_OUTLIERS = 0.005
_FORGIVEN = 2


@dataclass(frozen=True, slots=True)
class Law:
    """The variance of a window's spend by its mean, `factor * mean ** power`, and how far `chance` takes it."""

    power: float
    factor: float
    reach: float

    def bound(self, expected: float) -> float:
        """Return the spend that chance does not exceed."""
        return gamma(expected, self.variance(expected), self.reach)

    def variance(self, expected: float) -> float:
        """Return the variance of a window that expects so much."""
        return float(self.factor * expected**self.power)


class Baseline:
    """Fitted to whole hours, oldest first, from a midnight on; `weekday` is of the first day.

    `chance` is the probability by which a window that is like the past may be beyond its bound.
    """

    def __init__(self, hours: Sequence[float], weekday: int, chance: float) -> None:
        self._first = weekday * DAY
        self._hours = hours
        profile = _profile(hours, self._first)
        days = [sum(hours[start : start + DAY]) for start in range(0, len(hours) - DAY + 1, DAY)]
        shares = [sum(profile[start : start + DAY]) for start in range(0, WEEK, DAY)]
        ratios = [spent / shares[(weekday + number) % 7] for number, spent in enumerate(days)]
        self._levels = [median(ratios[day - LEVEL_DAYS : day]) for day in range(LEVEL_DAYS, len(days) + 1)]
        self._profile = profile
        starts = LEVEL_DAYS * DAY
        self._spent = [0.0, *accumulate(hours)]
        self._due = [0.0] * starts + [0.0, *accumulate(self.hour(n) for n in range(starts, len(hours) + 1))]
        self.laws = {window: self._law(window, chance) for window in WINDOWS}

    def hour(self, number: int) -> float:
        """Return what an hour is expected to cost, up to the one that runs."""
        day = number // DAY - LEVEL_DAYS
        return self._levels[min(day, len(self._levels) - 1)] * self._profile[(self._first + number) % WEEK]

    def expected(self, window: int, end: int) -> float:
        """Return what the hours of a window that ends before hour `end` are expected to cost."""
        return self._due[end] - self._due[end - window]

    def spent(self, window: int, end: int) -> float:
        """Return what those hours cost."""
        return self._spent[end] - self._spent[end - window]

    def _law(self, window: int, chance: float) -> Law:
        ends = range(LEVEL_DAYS * DAY + window, len(self._hours) + 1)
        pairs = sorted((self.expected(window, end), self.spent(window, end)) for end in ends)
        pairs = [pair for pair in pairs if pair[0] > 0]
        half = len(pairs) // 2
        (low, low_variance), (high, high_variance) = _moments(pairs[:half]), _moments(pairs[half:])
        power = 1.5
        if high > 1.2 * low and low_variance and high_variance:
            power = min(max(math.log(high_variance / low_variance) / math.log(high / low), 1.0), 2.0)
        factor = _moments(pairs)[1] / fmean(due**power for due, _ in pairs)
        scores = sorted(gamma_score(spent, due, factor * due**power) for due, spent in pairs)
        ranks = (len(scores) // 100, _FORGIVEN * window)
        spread = max(1.0, *(scores[-1 - rank] / normal(1 - (rank + 1) / len(scores)) for rank in ranks))
        weeks = len(self._hours) / WEEK
        own = ((weeks + 1) / (weeks - 1)) ** 0.5
        return Law(power, factor, own * spread * student(1 - chance, len(pairs) / window))


def _profile(hours: Sequence[float], first: int) -> list[float]:
    """Return the share of each hour of the week, Monday's first: of its own and its neighbours' spend over all weeks."""
    slots: list[list[float]] = [[] for _ in range(WEEK)]
    for number, spent in enumerate(hours):
        for neighbour in (-1, 0, 1):
            slots[(first + number + neighbour) % WEEK].append(spent)
    means = [_trimmed(slot) for slot in slots]
    total = sum(means) or 1.0
    return [(1 - _UNSEASONAL) * mean / total + _UNSEASONAL / WEEK for mean in means]


def _trimmed(values: list[float]) -> float:
    cut = int(_CUT * len(values))
    return fmean(sorted(values)[cut : len(values) - cut])


def _moments(pairs: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return the mean of what was expected and the variance around it, without the rarest."""
    squares = sorted((spent - due) ** 2 for due, spent in pairs)
    return fmean(due for due, _ in pairs), fmean(squares[: len(squares) - int(_OUTLIERS * len(squares))])
