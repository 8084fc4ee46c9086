"""Bets of a sensor: likelihood ratios of tilted counts against the tolerated edge.

A tilt multiplies the share of each cell by exp(theta * score). The likelihood ratio of a stronger tilt against the edge
is an e-value for each weaker one. The mean of the ratio is at most 1 then (Shin, Ramdas and Rinaldo 2022).
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import starmap
from statistics import NormalDist
from typing import TypeAlias

from vigil.monitoring.drift.layout_model import Counts, SensorKind
from vigil.monitoring.drift.rules_model import LEVEL_STEPS, LOCATION_STEPS, MAX_LEVELS, SCALE_STEPS, SHARE_STEPS

Scores: TypeAlias = tuple[float, ...]
"""One number per cell; the statistic of some rows is the sum of their scores."""
_NORMAL = NormalDist()
_MIN_VARIANCE = 1e-9
_PRIOR_ROWS = 5.0


@dataclass(frozen=True, slots=True)
class Bet:
    """One alternative: `statistic` is the place of its scores in `BettingPlan.scores`.

    The natural logarithm of the likelihood ratio of some rows is `slope * sum - offset * rows`; `sum` is that of their
    scores. `slope` and `offset` are divided by the dispersion. The slope is positive if the alternative has greater
    scores.
    """

    statistic: int
    slope: float
    offset: float


@dataclass(frozen=True, slots=True)
class BettingPlan:
    """Scores and bets of a sensor. `scores` and `edges` have one entry per statistic.

    An entry of `edges` is the tolerated tilt, at least 0 and the same in both directions. `bets` are ordered by their
    statistic. A sensor with a single cell has no scores, edges and bets.
    """

    scores: tuple[Scores, ...]
    edges: tuple[float, ...]
    bets: tuple[Bet, ...]

    def log_ratios(self, counts: Counts) -> list[float]:
        """Return the natural logarithm of the likelihood ratio of some rows for each bet, in the order of `bets`.

        `counts` has the rows by cell. Raises ValueError for another number of cells than that of the baseline.
        """
        rows = sum(counts)
        sums = [weigh(scores, counts) for scores in self.scores]
        return [bet.slope * sums[bet.statistic] - bet.offset * rows for bet in self.bets]


@dataclass(frozen=True, slots=True)
class Tolerance:
    """Tolerated effect of one sensor: the greatest of `floor`, `wobble` and `errors` standard errors of the baseline.

    `floor` is in standard deviations for numbers, and in natural log-odds for other sensors. `wobble` is in the unit of
    `Sensor.wobble`, already multiplied by `DriftRules.wobbles`. `errors` is a number of standard errors. `dispersion`
    is the variance between days relative to independent rows, at least 1.
    """

    floor: float
    wobble: float
    errors: float
    dispersion: float

    def tolerated_tilt(self, information: float, deviation: float = 1.0) -> float:
        """Return the greatest of `floor`, `wobble` by `deviation`, and `errors` standard errors.

        `information` is the rows of the baseline times the variance of the score. `deviation` turns the wobble into a
        tilt: the standard deviation of the score of a level, and 1 for other scores. Raises ValueError for an
        information that is not above 0.
        """
        if information <= 0:
            raise ValueError("a tolerated tilt needs a score that varies, and rows of the baseline")
        return max(self.floor, self.wobble / deviation, self.errors * math.sqrt(self.dispersion / information))


def shares(counts: Sequence[float]) -> Scores:
    """Return the share of each of one or more cells, in the order of the counts.

    Each share is above 0, and their sum is 1. A prior adds half a row to each cell. Above ten cells, it adds five rows
    in total.
    """
    prior = min(0.5, _PRIOR_ROWS / len(counts))
    total = sum(counts) + prior * len(counts)
    return tuple((count + prior) / total for count in counts)


def weigh(scores: Sequence[float], counts: Sequence[float]) -> float:
    """Return the sum of the scores of some rows; `counts` has the rows, or the probability, of each cell.

    The sum is correctly rounded, and so independent of the Python version. Raises ValueError for unequal lengths.
    """
    return math.fsum(starmap(float.__mul__, zip(scores, map(float, counts), strict=True)))


def variance(probabilities: Sequence[float], scores: Sequence[float]) -> float:
    """Return the variance of a score, from the probability and the score of each cell.

    The probabilities must add up to 1. Raises ValueError for unequal lengths.
    """
    mean = weigh(scores, probabilities)
    return weigh(probabilities, [(score - mean) ** 2 for score in scores])


def normal_scores(probabilities: Sequence[float]) -> Scores:
    """Return the mean of a standard normal variable in each bin, the lowest bin first.

    `probabilities` has at least one bin. Each probability is above 0, and the sum is 1. A single bin has the mean 0.
    """
    below, density, scores = 0.0, 0.0, []
    for p in probabilities[:-1]:
        below += p
        upper = math.exp(-(_NORMAL.inv_cdf(below) ** 2) / 2) / math.sqrt(2 * math.pi)
        scores.append((density - upper) / p)
        density = upper
    return (*scores, density / probabilities[-1])


def number_scores(probabilities: Sequence[float]) -> list[Scores]:
    """Return the scores of location, and then those of scale if at least three bins can show it.

    The scores of scale have the mean 0 and the variance 1. The precondition is that of `normal_scores`.
    """
    location = normal_scores(probabilities)
    squares = [score * score for score in location]
    spread, mean = variance(probabilities, squares), weigh(squares, probabilities)
    if len(location) < 3 or spread <= _MIN_VARIANCE:
        return [location]
    return [location, tuple((square - mean) / math.sqrt(spread) for square in squares)]


@lru_cache(maxsize=512)
def plan_bets(kind: SensorKind, baseline: Counts, tolerance: Tolerance) -> BettingPlan:
    """Return the bets of a sensor whose shares are estimated from the counts of its baseline.

    Numbers have bets on location and scale, levels on up to ten levels, and shares on the first cell. A single cell has
    no bets. The last 512 plans are cached.
    """
    probabilities, rows = shares(baseline), sum(baseline) + 1
    scores: list[Scores] = []
    edges: list[float] = []
    bets: list[Bet] = []
    for each, steps in _statistics(kind, baseline, probabilities):
        spread = variance(probabilities, each)
        edge = tolerance.tolerated_tilt(rows * spread, math.sqrt(spread) if kind == "levels" else 1.0)
        bets += _bets(len(scores), _Tilt(probabilities, each), edge, steps, tolerance.dispersion)
        scores.append(each)
        edges.append(edge)
    return BettingPlan(tuple(scores), tuple(edges), tuple(bets))


@dataclass(frozen=True, slots=True)
class _Tilt:
    """Family of tilts of some probabilities along scores."""

    probabilities: Scores
    scores: Scores

    def cumulant(self, theta: float) -> float:
        """Return the natural logarithm of the mean of exp(theta * score)."""
        exponents = [theta * score for score in self.scores]
        most = max(exponents)  # the wobble of a rare level gives exponents above those of double precision
        factors = [math.exp(exponent - most) for exponent in exponents]
        return most + math.log(math.fsum(map(float.__mul__, self.probabilities, factors)))


def _bets(place: int, tilt: _Tilt, edge: float, steps: Sequence[float], dispersion: float) -> Iterator[Bet]:
    for sign in (1, -1):
        tolerated = tilt.cumulant(sign * edge)
        for step in steps:
            offset = tilt.cumulant(sign * (edge + step)) - tolerated
            yield Bet(place, sign * step / dispersion, offset / dispersion)


def _statistics(kind: SensorKind, baseline: Counts, probabilities: Scores) -> Iterator[tuple[Scores, Sequence[float]]]:
    """Yield scores and steps: location and scale of a number, the share of each level, or the one share."""
    if len(baseline) < 2:
        return
    if kind == "number":
        yield from zip(number_scores(probabilities), (LOCATION_STEPS, SCALE_STEPS), strict=False)
    elif kind == "share":
        yield (1.0, 0.0), SHARE_STEPS
    else:
        for group in _level_groups(baseline):
            yield tuple(float(cell in group) for cell in range(len(baseline))), LEVEL_STEPS


def _level_groups(baseline: Counts) -> list[set[int]]:
    """Return the levels with bets: the second one of two, or the most frequent ones and the rest together."""
    if len(baseline) == 2:
        return [{1}]
    ranked = sorted(range(len(baseline)), key=lambda cell: (-baseline[cell], cell))
    if len(ranked) <= MAX_LEVELS:
        return [{cell} for cell in range(len(baseline))]
    return [*({cell} for cell in ranked[: MAX_LEVELS - 1]), set(ranked[MAX_LEVELS - 1 :])]
