"""Exact facts of a health report. They stay inside: `publishing_model` rounds and hides before anything is shown."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from vigil.monitoring.fairness.model import GroupTally
from vigil.monitoring.findings.model import Effect, Finding
from vigil.monitoring.report.model import Aspect, Budget, MeasureName, TrialResult


@dataclass(frozen=True, slots=True)
class VolumeFacts:
    """Decisions of the window, with rows by reason of abstention and by degraded engine."""

    start: str
    end: str
    decisions: int
    counted: int
    abstained: Mapping[str, int] = field(default_factory=dict)
    degraded: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MeasureFacts:
    """A measure with its interval. `rows` is its denominator, such as the events of the true-positive rate."""

    name: MeasureName
    rows: int
    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class PerformanceFacts:
    """Performance of a window; `events` and `overdue` are None for an estimate without labels."""

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
    """Rows of one feature or answer by cell, in the window and the baseline, with the judged change."""

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
    """Decisions of one week, those in a high-risk band, those without an answer, and the alarms."""

    start: str
    rows: int
    flagged: int
    abstained: int
    alarms: int = 0


@dataclass(frozen=True, slots=True)
class TrialFacts:
    """Comparison of a challenger with the champion on `rows` matured outcomes."""

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
    """Facts of one model version and source until a day; `findings` are the open ones.

    `groups` maps an attribute, or a declared intersection such as `sex&age_band`, to tallies by value. `calibration`
    and `reference` are bins in ascending order of the score.
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
