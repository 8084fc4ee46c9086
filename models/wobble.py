"""Natural wobble of features: the deviation between periods of 28 days of training rows, without sampling error.

A drift alarm tolerates twice the wobble, because such changes come and go without a change of the world.
"""

import numpy as np
from scipy.stats import norm

from models.training import Floats, Ints

PERIOD_DAYS = 28
"""Length of a period in days."""
YEARS_DAYS = 730
"""Days before the last row that are measured: two years."""
_MIN_PERIODS = 3
_MIN_ROWS = 28
_DIGITS = 4


def mean_wobble(cells: Ints, days: Ints, count: int, *, is_ordered: bool) -> float:
    """Return the deviation of the means of periods, in standard deviations of the feature.

    `cells` has the cell of each row, `days` its day number, and `count` is the number of cells. The ordered cells of a
    number get normal scores. Unordered levels have the largest wobble of the share of one level. The result is 0 with
    fewer than three periods of at least 28 rows.
    """
    recent = _recent(days)
    cells, days = cells[recent], days[recent]
    if not len(cells):
        return 0.0
    if is_ordered:
        return round(_wobble(_normal_scores(np.bincount(cells, minlength=count))[cells], days), _DIGITS)
    return round(max(_wobble((cells == level).astype(np.float64), days) for level in range(count)), _DIGITS)


def missing_wobble(missing: np.ndarray[tuple[int], np.dtype[np.bool_]], days: Ints) -> float:
    """Return the deviation between periods of the log-odds of a missing value.

    The result is 0 if all or no values are missing, or with fewer than three periods of at least 28 rows.
    """
    recent = _recent(days)
    values = missing[recent].astype(np.float64)
    share = float(values.mean()) if len(values) else 0.0
    if not 0 < share < 1:
        return 0.0
    return round(_wobble(values, days[recent]) / float(np.sqrt(share * (1 - share))), _DIGITS)


def _recent(days: Ints) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.asarray(days > days.max(initial=0) - YEARS_DAYS)


def _wobble(values: Floats, days: Ints) -> float:
    """Return the deviation of the means of periods, in standard deviations of the values; 0 with too few rows."""
    if len(values) < 2 or not values.std():
        return 0.0
    periods = days // PERIOD_DAYS
    groups = [values[periods == period] for period in np.unique(periods)]
    large = [group for group in groups if len(group) >= _MIN_ROWS]
    if len(large) < _MIN_PERIODS:
        return 0.0
    sampling = float(np.mean([values.var() / len(group) for group in large]))
    between = float(np.var([group.mean() for group in large], ddof=1)) - sampling
    return float(np.sqrt(max(between, 0.0)) / values.std())


def _normal_scores(counts: Ints) -> Floats:
    """Return the mean of a standard normal variable in each bin, if the bins have these shares of the rows."""
    prior = 0.5
    shares = (counts + prior) / (counts.sum() + prior * len(counts))
    density = norm.pdf(norm.ppf(np.cumsum(shares)[:-1]))
    return np.asarray(-np.diff(np.concatenate([[0.0], density, [0.0]])) / shares, np.float64)
