"""Exact facts of a health report. They stay inside: `publishing_model` rounds and hides before anything is shown."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from vigil.monitoring.fairness.model import GroupTally
from vigil.monitoring.findings.model import Effect, Finding
from vigil.monitoring.report.model import Aspect, Budget, MeasureName, TrialResult


@dataclass(frozen=True, slots=True)
class VolumeFacts:
    """Decisions of the window from the day `start` to the day `end` (`2026-11-29`, UTC), both included.

    `counted` is the number of decisions in profiles. Among these, `abstained` has the number by reason of abstention,
    and `degraded` the number without an engine's vote by engine. One decision can have several reasons or engines.
    """

    start: str
    end: str
    decisions: int
    counted: int
    abstained: Mapping[str, int] = field(default_factory=dict)
    degraded: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MeasureFacts:
    """A measure with its 95 % interval. `rows` is its denominator, such as the events of the true-positive rate.

    `low` and `high` are None if the interval cannot be calculated.
    """

    name: MeasureName
    rows: int
    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class PerformanceFacts:
    """Performance of decisions, from the day `start` to the day `end` (`2026-11-29`, UTC), both included.

    For an estimate, these are the days of the decisions; `events` and `overdue` are None. For confirmed performance,
    these are the days on which the labels were due. `rows` are decisions with a probability, or with a known outcome.
    `is_withdrawn` is True if the calibration has failed, so that the estimate does not hold.
    """

    start: str
    end: str
    rows: int
    measures: tuple[MeasureFacts, ...]
    events: int | None = None
    overdue: int | None = None
    is_withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """Decisions with a known outcome in one bin of the score; `expected` is the sum of their probabilities."""

    rows: int
    events: int
    expected: float


@dataclass(frozen=True, slots=True)
class DriftFacts:
    """Rows of one feature or part of the answers by cell, in the window and the baseline, with the judged change.

    `distance` is the population stability index (PSI), `threshold` its 95 % quantile without a change. Both, and
    `effect`, are None with too few rows. `e_value` and `since` are None without evidence.
    """

    subject: str
    aspect: Aspect
    cells: tuple[str, ...]
    window: tuple[int, ...]
    baseline: tuple[int, ...]
    effect: Effect | None = None
    distance: float | None = None
    threshold: float | None = None
    e_value: float | None = None
    since: str | None = None
    is_alarm: bool = False


@dataclass(frozen=True, slots=True)
class WeekFacts:
    """Counted decisions of the week from the Monday `start`: all, those in a high-risk band, and those that abstained.

    `alarms` is the number of findings of the week, open or decided.
    """

    start: str
    rows: int
    flagged: int
    abstained: int
    alarms: int = 0


@dataclass(frozen=True, slots=True)
class TrialFacts:
    """Comparison of the version `challenger` with the champion on `rows` matured outcomes.

    `e_better` and `e_worse` are the evidence that the challenger is better or worse; 20 decides. `difference` is the
    mean Brier score of the champion minus that of the challenger: above 0, the challenger is better. `low` and `high`
    are the limits of the 95 % interval of `difference`. All three are None if they cannot be calculated.
    """

    challenger: int
    rows: int
    result: TrialResult
    e_better: float
    e_worse: float
    difference: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class HealthFacts:
    """Facts of one model version and source up to and including the day `until` (`2026-11-29`, UTC).

    `findings` are the open ones. `groups` maps an attribute, or a declared intersection such as `sex&age_band`, to
    tallies by value. `calibration` and `reference` are bins in ascending order of the score. `estimated`, `confirmed`
    and `trial` are None without their data.
    """

    model: str
    version: int
    source: str
    until: str
    is_settling: bool
    budget: Budget
    volume: VolumeFacts
    findings: tuple[Finding, ...] = ()
    estimated: PerformanceFacts | None = None
    confirmed: PerformanceFacts | None = None
    calibration: tuple[CalibrationBin, ...] = ()
    reference: tuple[CalibrationBin, ...] = ()
    drift: tuple[DriftFacts, ...] = ()
    groups: Mapping[str, Mapping[str, GroupTally]] = field(default_factory=dict)
    trend: tuple[WeekFacts, ...] = ()
    training_shift: tuple[DriftFacts, ...] = ()
    trial: TrialFacts | None = None
