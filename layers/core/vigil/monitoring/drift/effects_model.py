"""Sizes of changes for people: KS, PSI, total variation and shifts, each with the threshold of the null at this size.

All of them compare cells of at least `MIN_CELL` rows (`cells_model`), and are rounded.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, permutations

from vigil.monitoring.drift.bets_model import Scores, normal_scores, shares, variance, weigh
from vigil.monitoring.drift.cells_model import Cells, ComparedCells, compared_cells, split_cells
from vigil.monitoring.drift.chi_squared_model import chi_squared_quantile
from vigil.monitoring.drift.layout_model import Counts, SensorKind
from vigil.monitoring.fairness.intervals_model import Z95
from vigil.monitoring.findings.model import Effect

LEVEL = 0.05
"""Share of windows without a change in which a measure exceeds its threshold."""
_KOLMOGOROV = 1.3581
"""The 95 % quantile of Kolmogorov's distribution."""
_NORMAL_95 = 1.6449
"""Quantile of 95 % of the standard normal distribution."""


@dataclass(frozen=True, slots=True)
class Distance:
    """Distance of two distributions, rounded to three digits.

    `threshold` is its 95 % quantile without a change, at these numbers of rows and this dispersion.
    """

    value: float
    threshold: float


@dataclass(frozen=True, slots=True)
class Distances:
    """Distances between a window and the baseline; `ks` is None for cells without an order."""

    psi: Distance
    total_variation: Distance
    ks: Distance | None


def measure_distances(cells: ComparedCells, dispersion: float = 1.0) -> Distances:
    """Return the distances of two or more compared cells.

    PSI is smoothed by half a row per cell. The threshold of the PSI is a quantile of chi-squared times `1/n + 1/m`,
    with the rows `n` and `m` of the two sides. `dispersion` is that of the sensor, at least 1; it multiplies `1/n +
    1/m`.
    """
    window, baseline = shares_of(cells.window), shares_of(cells.baseline)
    scale = dispersion * (1 / sum(cells.window) + 1 / sum(cells.baseline))
    psi = _psi(_smoothed(cells.window), _smoothed(cells.baseline))
    psi_threshold = chi_squared_quantile(1 - LEVEL, len(window) - 1) * scale
    differences = [own - other for own, other in zip(window, baseline, strict=True)]
    pooled = shares_of(tuple(a + b for a, b in zip(cells.window, cells.baseline, strict=True)))
    variation = Distance(_rounded(math.fsum(map(abs, differences)) / 2), _rounded(_variation_threshold(pooled, scale)))
    ks = Distance(_rounded(max(map(abs, accumulate(differences)))), _rounded(_KOLMOGOROV * math.sqrt(scale)))
    return Distances(Distance(_rounded(psi), _rounded(psi_threshold)), variation, ks if cells.ordered else None)


def measure_shift(cells: ComparedCells, dispersion: float = 1.0) -> Effect | None:
    """Return the shift of the mean of a number in standard deviations of the baseline, with its 95 % interval.

    The shift is above 0 if the window has greater values. `dispersion` is that of the sensor, at least 1. A larger
    dispersion widens the interval. The result is None for cells without an order.
    """
    if not cells.ordered:
        return None
    probabilities = shares(cells.baseline)
    scores = normal_scores(probabilities)
    deviation = math.sqrt(variance(probabilities, scores))
    shift = (_mean(scores, cells.window) - _mean(scores, cells.baseline)) / deviation
    error = Z95 * math.sqrt(dispersion * (1 / sum(cells.window) + 1 / sum(cells.baseline)))
    return Effect("mean_shift_sd", _rounded(shift), _rounded(shift - error), _rounded(shift + error))


def measure_odds(cells: ComparedCells, dispersion: float = 1.0) -> Effect:
    """Return the odds of the first cell in the window divided by the odds in the baseline, with a 95 % interval.

    Half a row is added to each cell. `dispersion` is that of the sensor, at least 1. A larger dispersion widens the
    interval. Raises ValueError unless there are exactly two cells.
    """
    (part, rest), (other_part, other_rest) = cells.window, cells.baseline
    numbers = [part + 0.5, rest + 0.5, other_part + 0.5, other_rest + 0.5]
    log = math.log(numbers[0] * numbers[3] / numbers[1] / numbers[2])
    error = Z95 * math.sqrt(dispersion * math.fsum(1 / number for number in numbers))
    low, value, high = (_rounded(math.exp(bound)) for bound in (log - error, log, log + error))
    return Effect("odds_ratio", value, low, high)


def measure_change(kind: SensorKind, window: Counts, baseline: Counts, dispersion: float = 1.0) -> Effect | None:
    """Return the main effect of a sensor between a window and the baseline; None with too few rows to show it.

    The effect of a share is an odds ratio, that of a number a shift. Levels have a total variation without interval. A
    number has one too if nearly all of its rows are in one cell. `dispersion` is that of the sensor, at least 1.
    """
    if kind == "share":
        split = split_cells(window, baseline, {0})
        return measure_odds(split, dispersion) if split else None
    cells = compared_cells(kind, window, baseline)
    if cells is None:
        return None
    return measure_shift(cells, dispersion) or Effect("total_variation", measure_distances(cells).total_variation.value)


def shares_of(rows: Cells) -> Scores:
    """Return the share of each cell, without a prior, in the order of `rows`. Raises ZeroDivisionError without rows."""
    total = sum(rows)
    return tuple(each / total for each in rows)


def _mean(scores: Scores, rows: Cells) -> float:
    return weigh(scores, rows) / sum(rows)


def _smoothed(rows: Cells) -> Scores:
    return shares_of(tuple(each + 0.5 for each in rows))


def _psi(window: Scores, baseline: Scores) -> float:
    return math.fsum((own - other) * math.log(own / other) for own, other in zip(window, baseline, strict=True))


def _variation_threshold(probabilities: Sequence[float], scale: float) -> float:
    """Return the 95 % quantile of the total variation of two equal distributions, by its mean and variance.

    The differences of shares are normal; their absolute values have the moments of folded normal variables.
    """
    deviations = [math.sqrt(p * (1 - p) * scale) for p in probabilities]
    mean = math.sqrt(2 / math.pi) * math.fsum(deviations) / 2
    own = math.fsum(deviation**2 for deviation in deviations) * (1 - 2 / math.pi)
    pairs = zip(permutations(probabilities, 2), permutations(deviations, 2), strict=True)
    shared = math.fsum(a * b * _folded_covariance(p, q) for (p, q), (a, b) in pairs)
    return mean + _NORMAL_95 * math.sqrt(max(own + shared, 0.0)) / 2


def _folded_covariance(p: float, q: float) -> float:
    """Return the covariance of the absolute values of two standard normal variables that are correlated as shares."""
    correlation = max(-1.0, -math.sqrt(p * q / ((1 - p) * (1 - q))))
    root = math.sqrt(1 - correlation**2)
    return 2 / math.pi * (root + correlation * math.asin(correlation) - 1)


def _rounded(value: float) -> float:
    """Return three significant digits."""
    return float(f"{value:.3g}")
