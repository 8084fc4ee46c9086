"""Confirmed performance: metrics of labelled decisions with intervals that respect repeated subjects.

Each metric is a smooth function of means, so its variance is the sum of squared influences (sandwich; Liang & Zeger,
1986). Influences of one subject are added first. Counts have no subjects: each decision then counts as one, which is an
approximation. It is close, because a week's cohort rarely has a subject twice.
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

_Flag: TypeAlias = tuple[bool, bool, int, str | None]
"""Flag and event of some decisions, their number, and their cluster."""
MIN_EVENTS = 5
"""Minimum events of an interval, and minimum decisions without one. A share needs as many hits and misses."""


@dataclass(frozen=True, slots=True)
class LabelledDecision:
    """A labelled decision of a subject; `subject` is any key that is equal for the same person.

    `flagged` is True in a high-risk band, `occurred` for an event.
    """

    probability: float
    flagged: bool
    occurred: bool
    subject: str


@dataclass(frozen=True, slots=True)
class ConfirmedPerformance(Performance):
    """Metrics of `rows` labelled decisions, with the recalibration that would fit them.

    `intercept` is the shift in log-odds that fits the event rate; 0 is calibrated, and above 0 there are more events
    than expected. `slope` multiplies log-odds; 1 is calibrated, and below 1 the scores are too extreme. Both are None
    with fewer than `MIN_EVENTS` (5) events or decisions without one, or without a fit. `slope` is also None if all
    scores are equal.
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
    """Return the metrics of the labelled decisions of an arm; the sum of arms gives the metrics of several weeks.

    Decisions count as independent. An interval needs 30 decisions in the denominator of its metric. A share also needs
    5 hits and 5 misses, and the AUC 5 events and 5 others.
    """
    cells: list[_Cell] = []
    scores = arm.labelled
    for rows, total, squares, events in zip(scores.rows, scores.sums, scores.squares, arm.events, strict=True):
        mean, square = (total / rows / SUM_SCALE, squares / rows / SUM_SCALE) if rows else (0.0, 0.0)
        cells += [_Cell(mean, square, occurred, n) for occurred, n in ((True, events), (False, rows - events)) if n]
    tally = arm.total
    flags = (
        (True, True, tally.true_positives, None),
        (True, False, tally.false_positives, None),
        (False, True, tally.false_negatives, None),
        (False, False, tally.true_negatives, None),
    )
    return _confirm(cells, [each for each in flags if each[2]])


def confirm_decisions(decisions: Iterable[LabelledDecision]) -> ConfirmedPerformance:
    """Return the metrics of single decisions, with intervals that respect repeated subjects.

    An interval needs 30 subjects in the denominator of its metric. A share also needs 5 hits and 5 misses, and the AUC
    5 events and 5 others.
    """
    given = sorted(decisions, key=lambda each: (each.probability, each.occurred, each.flagged, each.subject))
    cells = [_Cell(each.probability, each.probability**2, each.occurred, 1, each.subject) for each in given]
    return _confirm(cells, [(each.flagged, each.occurred, 1, each.subject) for each in given])


def _confirm(cells: Sequence[_Cell], flags: Sequence[_Flag]) -> ConfirmedPerformance:
    rows = sum(cell.count for cell in cells)
    events = sum(cell.count for cell in cells if cell.occurred)
    is_enough = min(events, rows - events) >= MIN_EVENTS
    calibration = fit_calibration([LabelledScore(c.probability, c.occurred, c.count, c.cluster) for c in cells])
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
    """Return the share of the decisions that belong to the denominator for which `counts` is True."""
    inside = [each for each in flags if belongs(each[0], each[1])]
    rows = sum(count for _, _, count, _ in inside)
    if not rows:
        return None
    hits = sum(count for flag, event, count, _ in inside if counts(flag, event))
    value = hits / rows
    parts = [((counts(flag, event) - value) / rows, count, cluster) for flag, event, count, cluster in inside]
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
        ((error - value) / rows, cell.count, cell.cluster) for error, cell in zip(errors, cells, strict=True)
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
    """Return for each cell the decisions of the other kind that it ranks right against: below an event, or above."""
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
