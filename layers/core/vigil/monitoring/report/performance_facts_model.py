"""Facts of performance: estimates of the window, and confirmed figures of cohorts whose labels are due."""

from collections.abc import Iterator, Sequence
from functools import reduce
from operator import add

from vigil.monitoring.performance.cohorts_model import Cohort, CohortArm
from vigil.monitoring.performance.confirmed_model import confirm_performance
from vigil.monitoring.performance.estimates_model import estimate_performance
from vigil.monitoring.performance.model import Metric, Performance
from vigil.monitoring.profiles.model import SUM_SCALE, Profile, ScoreCounts
from vigil.monitoring.report.facts_model import CalibrationBin, MeasureFacts, PerformanceFacts
from vigil.monitoring.report.model import MeasureName
from vigil.monitoring.report.trend_facts_model import flagged_rows
from vigil.prediction.engines.contract import ModelContract
from vigil.prediction.packages.reference_model import ScoreReference


def estimated_facts(
    window: Sequence[Profile], contract: ModelContract, *, is_withdrawn: bool
) -> PerformanceFacts | None:
    """Return the expected performance of the counted decisions of a window; None with too few rows.

    The estimate needs no labels, and at least 11 rows with a probability. `window` is in the order of its days.
    """
    scores = _sum_scores([each.scores for each in window])
    flagged = sum(flagged_rows(each, contract) for each in window)
    found = estimate_performance(scores, flagged, has_calibration_alarm=False) if scores else None
    if found is None:
        return None
    events = found.rows * found.base_rate.value if found.base_rate else 0
    measures = tuple(_measures(found, round(events), flagged))
    return PerformanceFacts(window[0].day, window[-1].day, found.rows, measures, is_withdrawn=is_withdrawn)


def sum_arms(cohorts: Sequence[Cohort]) -> CohortArm | None:
    """Return the sum of the untreated decisions of cohorts, given in any order; None without a cohort.

    Help makes events rarer than the score predicts, so that treated decisions show nothing about the model.
    """
    return reduce(add, (each.untreated for each in cohorts)) if cohorts else None


def confirmed_facts(arm: CohortArm, start: str, end: str) -> PerformanceFacts:
    """Return the performance of decisions whose labels were due from the day `start` to the day `end`, both included.

    `arm` is the sum of the untreated decisions of these days. Large weeks have only a sample of them, so that the
    numbers are those of the sample. A measure that cannot be calculated is left out.
    """
    found = confirm_performance(arm)
    flagged = arm.total.true_positives + arm.total.false_positives
    measures = (
        *_measures(found, found.events, flagged),
        *_measure("calibration_intercept", found.rows, found.intercept),
        *_measure("calibration_slope", found.rows, found.slope),
    )
    return PerformanceFacts(start, end, found.rows, measures, events=found.events, overdue=sum(arm.overdue))


def calibration_bins(arm: CohortArm) -> tuple[CalibrationBin, ...]:
    """Return the score bins of an arm that have decisions with a known outcome, the lowest first."""
    rows = zip(arm.labelled.rows, arm.events, arm.labelled.sums, strict=True)
    return tuple(CalibrationBin(count, events, total / SUM_SCALE) for count, events, total in rows if count)


def reference_bins(scores: ScoreReference) -> tuple[CalibrationBin, ...]:
    """Return the score bins of the reference, the lowest first; empty for a reference without them."""
    return tuple(map(CalibrationBin, scores.rows, scores.events, scores.expected))


def _sum_scores(parts: Sequence[ScoreCounts]) -> ScoreCounts | None:
    if not parts:
        return None
    names = ("rows", "sums", "squares")
    return ScoreCounts(*(tuple(map(sum, zip(*(getattr(part, n) for part in parts), strict=True))) for n in names))


def _measures(found: Performance, events: int, flagged: int) -> Iterator[MeasureFacts]:
    yield from _measure("base_rate", found.rows, found.base_rate)
    yield from _measure("accuracy", found.rows, found.accuracy)
    yield from _measure("auc", found.rows, found.auc)
    yield from _measure("brier", found.rows, found.brier)
    yield from _measure("true_positive_rate", events, found.true_positive_rate)
    yield from _measure("positive_predictive_value", flagged, found.positive_predictive_value)


def _measure(name: MeasureName, rows: int, metric: Metric | None) -> Iterator[MeasureFacts]:
    if metric is not None:
        yield MeasureFacts(name, rows, metric.value, metric.low, metric.high)
