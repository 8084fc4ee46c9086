"""Confirmed performance: metrics of labelled decisions with their intervals.

Each metric is a smooth function of means, so its variance is the sum of squared influences (sandwich; Liang & Zeger,
1986). Counts have no subjects: each decision then counts as one, which is an approximation. The approximation is close,
because a week's cohort rarely has a subject twice. An area of subjects adds the influences of each subject first.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from vigil.monitoring.performance.clusters_model import clustered_variance
from vigil.monitoring.performance.cohorts_model import CohortArm
from vigil.monitoring.performance.logistic_model import LabelledScore, fit_calibration
from vigil.monitoring.performance.model import Metric, Performance, logit_metric, normal_metric
from vigil.monitoring.profiles.model import SUM_SCALE

_Flag: TypeAlias = tuple[bool, bool, int]
"""Flag and event of some decisions, and their number."""
MIN_EVENTS = 5
"""Minimum events, and minimum decisions without one, of an interval. A share needs as many hits and misses."""


@dataclass(frozen=True, slots=True)
class ConfirmedPerformance(Performance):
    """Metrics of `rows` labelled decisions with `events` events, and the recalibration that would fit them.

    `intercept` is the shift in natural log-odds that fits the event rate. 0 is calibrated; above 0 there are more
    events than expected. `slope` multiplies log-odds. 1 is calibrated; below 1 the scores are too extreme. `intercept`
    and `slope` are None with fewer than `MIN_EVENTS` (5) events or decisions without one, or without a fit. `slope` is
    also None if all scores are equal.
    """

    events: int
    intercept: Metric | None
    slope: Metric | None


@dataclass(frozen=True, slots=True)
class _Cell:
    """Equal decisions, or one decision: `count` of them, in the cluster `cluster` unless it is None."""

    probability: float
    square: float
    occurred: bool
    count: int
    cluster: str | None = None


def confirm_performance(arm: CohortArm) -> ConfirmedPerformance:
    """Return the metrics of the labelled decisions of an arm, or of a sum of arms for several weeks.

    Treated and untreated decisions have arms of their own. Decisions count as independent. An interval needs 30
    decisions in the denominator of its metric. A share also needs 5 hits and 5 misses, and the AUC 5 events and 5
    others.
    """
    cells: list[_Cell] = []
    scores = arm.labelled
    for rows, total, squares, events in zip(scores.rows, scores.sums, scores.squares, arm.events, strict=True):
        mean, square = (total / rows / SUM_SCALE, squares / rows / SUM_SCALE) if rows else (0.0, 0.0)
        cells += [_Cell(mean, square, occurred, n) for occurred, n in ((True, events), (False, rows - events)) if n]
    tally = arm.total
    flags = (
        (True, True, tally.true_positives),
        (True, False, tally.false_positives),
        (False, True, tally.false_negatives),
        (False, False, tally.true_negatives),
    )
    return _confirm(cells, [each for each in flags if each[2]])


def area_of_subjects(rows: Iterable[tuple[float, bool, str]]) -> Metric | None:
    """Return the area under the ROC curve of rows of subjects; None if only one label occurs.

    A row is a score, a label and a subject: any key that is equal for the same person. The order of the rows is
    irrelevant. The interval respects repeated subjects. An interval needs 30 subjects, 5 events and 5 others. The
    comparison of two periods uses this area, with the later period as the label.
    """
    cells = [_Cell(score, score**2, occurred, 1, subject) for score, occurred, subject in sorted(rows)]
    events = sum(cell.occurred for cell in cells)
    return _area(cells, is_enough=min(events, len(cells) - events) >= MIN_EVENTS)


def _confirm(cells: Sequence[_Cell], flags: Sequence[_Flag]) -> ConfirmedPerformance:
    rows = sum(cell.count for cell in cells)
    events = sum(cell.count for cell in cells if cell.occurred)
    is_enough = min(events, rows - events) >= MIN_EVENTS
    calibration = fit_calibration([LabelledScore(c.probability, c.occurred, c.count) for c in cells])
    return ConfirmedPerformance(
        rows=rows,
        base_rate=_share(flags, lambda _, event: event, lambda _flag, _event: True),
        accuracy=_share(flags, lambda flag, event: flag == event, lambda _flag, _event: True),
        auc=_area(cells, is_enough=is_enough),
        brier=_brier(cells),
        true_positive_rate=_share(flags, lambda flag, _: flag, lambda _, event: event),
        positive_predictive_value=_share(flags, lambda _, event: event, lambda flag, _: flag),
        events=events,
        intercept=calibration.intercept if calibration and is_enough else None,
        slope=calibration.slope if calibration and is_enough else None,
    )


def _share(
    flags: Sequence[_Flag], counts: Callable[[bool, bool], bool], belongs: Callable[[bool, bool], bool]
) -> Metric | None:
    """Return the share for which `counts` is True, among the decisions for which `belongs` is True.

    `counts` and `belongs` get the flag and the event of a decision.
    """
    inside = [each for each in flags if belongs(each[0], each[1])]
    rows = sum(count for _, _, count in inside)
    if not rows:
        return None
    hits = sum(count for flag, event, count in inside if counts(flag, event))
    value = hits / rows
    parts = [((counts(flag, event) - value) / rows, count, None) for flag, event, count in inside]
    variance = clustered_variance(parts)
    if variance is None or min(hits, rows - hits) < MIN_EVENTS:
        return Metric(value)
    return logit_metric(value, variance)


def _brier(cells: Sequence[_Cell]) -> Metric | None:
    rows = sum(cell.count for cell in cells)
    if not rows:
        return None
    errors = [cell.square - 2 * cell.probability * cell.occurred + cell.occurred for cell in cells]
    value = math.fsum(error * cell.count for error, cell in zip(errors, cells, strict=True)) / rows
    variance = clustered_variance(
        ((error - value) / rows, cell.count, None) for error, cell in zip(errors, cells, strict=True)
    )
    return Metric(value) if variance is None else normal_metric(value, variance)


def _area(cells: Sequence[_Cell], *, is_enough: bool) -> Metric | None:
    """Return the area under the curve with the variance of its placements (DeLong et al., 1988). Ties count half."""
    totals = [sum(cell.count for cell in cells if cell.occurred is kind) for kind in (False, True)]
    if not min(totals):
        return None
    placements = _placements(cells)
    value = math.fsum(p * c.count for p, c in zip(placements, cells, strict=True) if c.occurred)
    value /= totals[0] * totals[1]
    variance = clustered_variance(
        ((place / totals[not cell.occurred] - value) / totals[cell.occurred], cell.count, cell.cluster)
        for place, cell in zip(placements, cells, strict=True)
    )
    return logit_metric(value, variance) if variance is not None and is_enough else Metric(value)


def _placements(cells: Sequence[_Cell]) -> list[float]:
    """Return for each cell the number of decisions of the other kind on its right side. Ties count half.

    The right side of an event is below it; that of any other decision is above it.
    """
    by_score: dict[float, list[int]] = {}
    for cell in cells:
        by_score.setdefault(cell.probability, [0, 0])[cell.occurred] += cell.count
    seen = [0, 0]
    total = sum(each[1] for each in by_score.values())
    ranks: dict[float, tuple[float, float]] = {}
    for score in sorted(by_score):
        others, events = by_score[score]
        ranks[score] = (total - seen[1] - events / 2, seen[0] + others / 2)
        seen = [seen[0] + others, seen[1] + events]
    return [ranks[cell.probability][cell.occurred] for cell in cells]
