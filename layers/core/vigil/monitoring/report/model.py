"""Health report: the values that JSON and page show, in this order.

Every count is a `Count` and every share of rows is rounded to fit it (`suppression_model`). `publishing_model` makes a
report from exact facts; no other way to a page or an answer exists.
"""

from dataclasses import dataclass
from typing import Literal

from vigil.monitoring.fairness.model import FairnessMeasure, Verdict
from vigil.monitoring.findings.model import Effect, Family, FindingKind, Recommendation

Count = int | None
"""Number of rows or events, rounded to a multiple of 20. None is any number below 11, zero included."""
HealthState = Literal["quiet", "settling", "alarm", "insufficient"]
"""State of a model in production.

`settling`: the baseline is being counted. `insufficient`: the window has too few rows to judge.
"""
MeasureName = Literal[
    "base_rate",
    "accuracy",
    "auc",
    "brier",
    "true_positive_rate",
    "positive_predictive_value",
    "calibration_intercept",
    "calibration_slope",
]
"""Measure of performance; the calibration intercept is in log-odds."""
Aspect = Literal["values", "missing"]
"""Aspect of a feature or of an answer that is compared with the baseline."""
TrialResult = Literal["better", "worse", "undecided"]
"""Result of a challenger against the champion."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its 95 % interval; any of them is None if it cannot be calculated or shown."""

    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class OpenFinding:
    """Finding that nobody has acknowledged yet."""

    kind: FindingKind
    family: Family
    subjects: tuple[str, ...]
    day: str
    since: str
    e_value: float
    recommendation: Recommendation
    text: str


@dataclass(frozen=True, slots=True)
class Status:
    """State in one line, and the next steps in words. `since` is the day of the oldest open alarm, or None."""

    state: HealthState
    since: str | None
    headline: str
    advice: tuple[str, ...]
    findings: tuple[OpenFinding, ...] = ()


@dataclass(frozen=True, slots=True)
class Budget:
    """Expected false alarms a year, and the alarms since the first day of monitoring (`since`)."""

    expected_per_year: float
    used: int
    since: str


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the decisions, such as a reason of abstention; `share` is None with fewer than 11 rows."""

    name: str
    rows: Count
    share: float | None


@dataclass(frozen=True, slots=True)
class Volume:
    """Decisions from `start` to `end`, both included. `coverage` is the share that monitoring has counted."""

    start: str
    end: str
    decisions: Count
    counted: Count
    coverage: float | None
    abstained: tuple[Part, ...] = ()
    degraded: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure of performance with its 95 % interval."""

    name: MeasureName
    estimate: Estimate


@dataclass(frozen=True, slots=True)
class Performance:
    """Performance over decisions from `start` to `end`.

    An estimated one has no events and holds only if the model is still calibrated; `is_withdrawn` is True once the
    calibration has failed. `overdue` counts the labels that are due and have not been reported.
    """

    start: str
    end: str
    rows: Count
    measures: tuple[Measure, ...]
    events: Count = None
    overdue: Count = None
    is_withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class CalibrationPoint:
    """Mean predicted probability of a bin, its rows, and the observed share of events with its 95 % interval."""

    predicted: float
    rows: Count
    observed: Estimate


@dataclass(frozen=True, slots=True)
class Calibration:
    """Calibration of confirmed decisions and of the package's reference."""

    production: tuple[CalibrationPoint, ...] = ()
    reference: tuple[CalibrationPoint, ...] = ()


@dataclass(frozen=True, slots=True)
class DriftRow:
    """Change of one feature or answer against its baseline.

    `distance` is the population stability index (PSI), `threshold` its 95 % quantile without a change at this number
    of rows. Both are None where small cells hide them. `cells` names the bins of `window` and `baseline`.
    """

    subject: str
    aspect: Aspect
    effect: Effect | None
    distance: float | None
    threshold: float | None
    e_value: float | None
    since: str | None
    is_alarm: bool
    cells: tuple[str, ...]
    window: tuple[Count, ...]
    baseline: tuple[Count, ...]

    @property
    def strength(self) -> float | None:
        """Distance in units of its threshold: above 1, chance alone is an unlikely cause."""
        if self.distance is None or not self.threshold:
            return None
        return self.distance / self.threshold


@dataclass(frozen=True, slots=True)
class GroupRow:
    """One measure of a group against all others of its attribute.

    `rows` is the number of decisions of the group. `ratio` compares the rates. `rows_needed` counts rows of the
    measure's denominator. `is_alarm` is True if the strict level of alarms is exceeded too.
    """

    attribute: str
    group: str
    measure: FairnessMeasure
    rows: Count
    rate: float | None
    others_rate: float | None
    ratio: Estimate | None
    verdict: Verdict
    is_alarm: bool
    rows_needed: int | None


@dataclass(frozen=True, slots=True)
class Week:
    """One week from Monday (`start`). Shares are of its rows."""

    start: str
    rows: Count
    flagged: float | None
    abstained: float | None
    alarms: int = 0


@dataclass(frozen=True, slots=True)
class Trial:
    """Champion against challenger on the same matured outcomes. `difference` is the mean gain in Brier score."""

    challenger: int
    rows: Count
    result: TrialResult
    difference: Estimate | None
    e_better: float
    e_worse: float


@dataclass(frozen=True, slots=True)
class HealthReport:
    """Health of a model version until a day in UTC, for decisions of one source.

    `not_given` has the decisions without a value by attribute. `guidance` are five sentences on how to read the report.
    """

    model: str
    version: int
    source: str
    until: str
    status: Status
    budget: Budget
    volume: Volume
    estimated: Performance | None
    confirmed: Performance | None
    calibration: Calibration
    drift: tuple[DriftRow, ...]
    groups: tuple[GroupRow, ...]
    not_given: tuple[Part, ...]
    trend: tuple[Week, ...]
    training_shift: tuple[DriftRow, ...]
    trial: Trial | None
    guidance: tuple[str, ...]
