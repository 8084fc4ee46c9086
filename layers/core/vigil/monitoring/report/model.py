"""Health report: the values that JSON and page show, in this order. Days are in UTC (`2026-11-29`).

Every count is a `Count` and every share of rows is rounded to fit it (`suppression_model`). `publishing_model` makes a
report from exact facts; no other way to a page or an answer exists.
"""

from dataclasses import dataclass
from typing import Literal

from vigil.monitoring.fairness.model import FairnessMeasure, Verdict
from vigil.monitoring.findings.model import Effect, Family, FindingKind, Recommendation
from vigil.monitoring.findings.suppression_model import Count, Estimate
from vigil.prediction.trials.evidence_model import TrialVerdict

HealthState = Literal["quiet", "settling", "alarm", "insufficient"]
"""State of a model in production: the first of these that applies.

`alarm`: a finding is open. `settling`: the baseline is being counted. `insufficient`: the window has fewer than 100
counted decisions. `quiet`: none of these.
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
"""Measure of performance, from 0 to 1 but for the last two.

The calibration intercept is in natural log-odds, and 0 is perfect. A calibration slope of 1 is perfect.
"""
Aspect = Literal["values", "missing"]
"""Aspect that is compared: the values of a feature or of a part of the answers, or the share of missing values."""


@dataclass(frozen=True, slots=True)
class OpenFinding:
    """Finding without a decision. The members have the meaning of those of `Finding`."""

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
    """State in one line, and the next steps in words. `findings` are the open ones, the oldest first.

    `since` is the day of the oldest open alarm; None without one.
    """

    state: HealthState
    since: str | None
    headline: str
    advice: tuple[str, ...]
    findings: tuple[OpenFinding, ...] = ()


@dataclass(frozen=True, slots=True)
class Budget:
    """Expected false alarms a year, and the number of alarms (`used`) since the first counted day (`since`)."""

    expected_per_year: float
    used: int
    since: str


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the decisions, such as a reason of abstention.

    `share` is that of the counted decisions, from 0 to 1. `share` is None if fewer than 11 decisions are in the part,
    or outside of it, or if all are fewer than 31.
    """

    name: str
    rows: Count
    share: float | None


@dataclass(frozen=True, slots=True)
class Volume:
    """Decisions from the day `start` to the day `end`, both included. `counted` is the number in profiles.

    A profile counts the first decision of each subject and day, and at most a sample of about 10,000. `coverage` is
    `counted` by `decisions`, at most 1; None if one of them is hidden. `abstained` has the counted abstentions by
    reason, and `degraded` the counted decisions without an engine's vote by engine. `abstained` and `degraded` are
    ordered by name.
    """

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
    """Performance of decisions: estimated without labels, or confirmed by outcomes.

    `start` and `end` are the first and the last day, both included. For an estimate, they are days of the decisions,
    and `rows` is the number of counted decisions with a probability. An estimate has no events, and holds only if the
    model is still calibrated. `is_withdrawn` is True if the calibration has failed; the measures of an estimate are
    None then.

    For confirmed performance, `start` and `end` are days on which the labels were due. Treated decisions are left out.
    `rows` is the number of decisions with a known outcome, and `events` that of the events among them. `overdue` is the
    number of labels that are due and not reported. In weeks with more than 10,000 decisions, only a sample is counted.
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
    """Mean predicted probability of a bin, its rows, and their share of events (`observed`) with its 95 % interval."""

    predicted: float
    rows: Count
    observed: Estimate


@dataclass(frozen=True, slots=True)
class Calibration:
    """Calibration of untreated decisions with outcomes, and of the package's reference: bins, the lowest first.

    The labels of `production` were due in whole weeks of the last 365 days. Neighbouring bins are merged until each has
    at least 11 events and 11 other rows. A member is empty with fewer.
    """

    production: tuple[CalibrationPoint, ...] = ()
    reference: tuple[CalibrationPoint, ...] = ()


@dataclass(frozen=True, slots=True)
class DriftRow:
    """Change of one feature or part of the answers against its baseline.

    `window` and `baseline` count rows by cell, in the order of `cells`. In `HealthReport.training_shift`, `window` is
    the baseline of production, and `baseline` the held-out rows of the package.

    `distance` is the population stability index (PSI). `threshold` is the 95 % quantile of the PSI without a change, at
    this number of rows. `distance`, `threshold` and `effect` are None with too few rows to show them. `e_value` is a
    power of ten, and None without a distance. `e_value` and `since` are None without evidence, and in a report of an
    earlier day. `is_alarm` is True if `subjects` of an open finding have `subject`.
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
        """Distance divided by its threshold; None if one is hidden. Above 1, chance alone is an unlikely cause."""
        if self.distance is None or not self.threshold:
            return None
        return self.distance / self.threshold


@dataclass(frozen=True, slots=True)
class GroupRow:
    """One measure of a group against all others of its attribute, in the last 365 days.

    `rows` is the number of counted decisions of the group. `rate` and `others_rate` are shares; for `calibration`, they
    are events per expected event. Outcomes are those of untreated decisions. `ratio` is `rate` by `others_rate`.
    `rate`, `others_rate` and `ratio` are None with too few rows to show them.

    `rows_needed` is the number of rows of the measure's denominator at which equal rates would pass. Only a verdict
    `insufficient` has this number. `is_alarm` is True for a `fail` that is one at the stricter `ALARM_LEVEL` too.
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
    """Counted decisions of the week from the Monday `start`.

    `flagged` is the share in a high-risk band, `abstained` the share of abstentions; None with too few rows. `alarms`
    is the number of findings of the week, open or decided.
    """

    start: str
    rows: Count
    flagged: float | None
    abstained: float | None
    alarms: int = 0


@dataclass(frozen=True, slots=True)
class Trial:
    """Champion against the version `challenger` on the same outcomes that were due until `until`.

    `brier_difference` is the Brier score of the challenger minus that of the champion: below 0, the challenger is
    better. `better` and `worse` are evidence; 20 decides. `brier_difference`, `better` and `worse` are None with too
    few rows to show them.
    """

    challenger: int
    until: str
    rows: Count
    verdict: TrialVerdict
    brier_difference: Estimate | None
    better: float | None
    worse: float | None


@dataclass(frozen=True, slots=True)
class HealthReport:
    """Health of a model version up to and including a day in UTC, for decisions of one source.

    `volume`, `estimated` and `drift` are about the last 28 days. `confirmed`, `calibration`, `groups`, `not_given` and
    `trend` are about the last 365 days. `drift` begins with alarms, then the strongest change; `training_shift` begins
    with the strongest change. `not_given` has by attribute the counted decisions without a value. `guidance` has
    sentences on how to read the report. `estimated`, `confirmed` and `trial` are None without their data.
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
