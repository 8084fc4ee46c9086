"""Estimates of performance before labels exist, from score bins (confidence-based performance estimation).

If the model is calibrated, the outcome of a row is one draw with the row's probability. So the labels of a bin have a
known mean and variance, and each metric a known interval. Concept drift is invisible here: calibration must confirm.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from vigil.monitoring.fairness.intervals_model import Z95
from vigil.monitoring.performance.model import Metric, Performance, normal_metric
from vigil.monitoring.profiles.model import SUM_SCALE, ScoreCounts

ASSUMPTION = "if the model is still calibrated"
"""Condition in words that each shown estimate has."""
MIN_ESTIMATED_ROWS = 11
"""Minimum rows of an estimate; fewer could identify a person."""


@dataclass(frozen=True, slots=True)
class _Bin:
    """Rows of a score bin: their number, expected events, variance of the events, and share of flagged rows."""

    rows: float
    events: float
    variance: float
    flagged: float

    @property
    def mean(self) -> float:
        return self.events / self.rows


def estimate_performance(scores: ScoreCounts, flagged: int, *, has_calibration_alarm: bool) -> Performance | None:
    """Return the expected metrics of decisions whose labels are unknown; None below `MIN_ESTIMATED_ROWS`.

    `flagged` is the number of rows in high-risk bands; these are the rows with the highest scores. The result is valid
    under `ASSUMPTION`. So it is None as well after an alarm about calibration. `Performance.rows` is the number of rows
    with a probability.
    """
    rows = sum(scores.rows)
    if has_calibration_alarm or rows < MIN_ESTIMATED_ROWS:
        return None
    bins = _bins(scores, flagged)
    base = math.fsum(each.events for each in bins) / rows
    spread = math.fsum(each.variance for each in bins) / rows**2
    right = math.fsum(each.flagged * each.events + (1 - each.flagged) * (each.rows - each.events) for each in bins)
    return Performance(
        rows=rows,
        base_rate=normal_metric(base, spread),
        accuracy=normal_metric(right / rows, spread),
        auc=_auc(bins),
        brier=_brier(bins, rows),
        true_positive_rate=_true_positive_rate(bins),
        positive_predictive_value=_positive_predictive_value(bins),
    )


def _bins(scores: ScoreCounts, flagged: int) -> list[_Bin]:
    """Return the bins with rows, lowest first; the flag covers the highest rows and may divide one bin."""
    found: list[_Bin] = []
    left = flagged
    for rows, total, squares in zip(
        reversed(scores.rows), reversed(scores.sums), reversed(scores.squares), strict=True
    ):
        if rows:
            inside = min(rows, left)
            left -= inside
            found.append(_Bin(rows, total / SUM_SCALE, max(total - squares, 0) / SUM_SCALE, inside / rows))
    return found[::-1]


def _brier(bins: Sequence[_Bin], rows: int) -> Metric:
    """The expected squared error of a calibrated row is the variance of its outcome."""
    variance = math.fsum((1 - 2 * each.mean) ** 2 * each.variance for each in bins)
    return normal_metric(math.fsum(each.variance for each in bins) / rows, variance / rows**2)


def _positive_predictive_value(bins: Sequence[_Bin]) -> Metric | None:
    flagged = math.fsum(each.flagged * each.rows for each in bins)
    if not flagged:
        return None
    value = math.fsum(each.flagged * each.events for each in bins) / flagged
    return normal_metric(value, math.fsum(each.flagged * each.variance for each in bins) / flagged**2)


def _true_positive_rate(bins: Sequence[_Bin]) -> Metric | None:
    """Return the share of flagged events with the interval of a ratio of two independent normal sums (Fieller, 1954).

    The rate is below r if `found * (1 - r) - missed * r` is negative; the limits solve the quadratic equation in r.
    """
    found = math.fsum(each.flagged * each.events for each in bins)
    missed = math.fsum((1 - each.flagged) * each.events for each in bins)
    if not found + missed:
        return None
    square = Z95 * Z95
    spread_found = square * math.fsum(each.flagged * each.variance for each in bins)
    spread_missed = square * math.fsum((1 - each.flagged) * each.variance for each in bins)
    a = (found + missed) ** 2 - spread_found - spread_missed
    b = found * (found + missed) - spread_found
    c = found * found - spread_found
    if a <= 0 or b * b < a * c:
        return Metric(found / (found + missed))
    root = math.sqrt(b * b - a * c)
    return Metric(found / (found + missed), max((b - root) / a, 0.0), min((b + root) / a, 1.0))


def _auc(bins: Sequence[_Bin]) -> Metric | None:
    """Return the expected area under the curve; its variance is that of its derivatives by the outcomes."""
    events = math.fsum(each.events for each in bins)
    others = math.fsum(each.rows - each.events for each in bins)
    if not events or not others:
        return None
    below, above, pairs = 0.0, events, 0.0
    slopes: list[float] = []
    for each in bins:
        negatives, positives = each.rows - each.events, each.events
        lower, above = below + negatives / 2, above - positives
        pairs += positives * lower
        slopes.append(lower - (above + positives / 2))
        below += negatives
    value = pairs / (events * others)
    drift = value / others - value / events
    variance = math.fsum(
        each.variance * (slope / (events * others) + drift) ** 2 for each, slope in zip(bins, slopes, strict=True)
    )
    return normal_metric(value, variance)
