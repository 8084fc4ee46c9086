"""Exact facts of a health report, which only Vigil may read: `publishing_model` rounds and hides them for people."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from vigil.monitoring.drift.cells_model import ComparedCells
from vigil.monitoring.fairness.model import GroupTally
from vigil.monitoring.findings.model import Effect, Finding
from vigil.monitoring.report.model import Aspect, Budget, MeasureName
from vigil.monitoring.trials.model import WeighedTrial


@dataclass(frozen=True, slots=True)
class VolumeFacts:
    """Decisions of the window from the day `start` to the day `end` (`2026-11-29`, UTC), both included.

    `decisions` is the number of all of them. `counted` is the number in profiles, which can be a sample. `abstained`
    and `degraded` count only these decisions: by reason of abstention, and by engine that gave no vote. One decision
    can have several reasons or engines.
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

    The denominator of an estimate is an expected number. `low` and `high` are None if the interval cannot be
    calculated.
    """

    name: MeasureName
    rows: int
    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class PerformanceFacts:
    """Performance of decisions, from the day `start` to the day `end` (`2026-11-29`, UTC), both included.

    For an estimate, these are the days of the decisions, and `events` and `overdue` are None. `rows` is the number of
    counted decisions with a probability. `is_withdrawn` is True if the calibration has failed, so that the estimate
    does not hold.

    For confirmed performance, these are the days on which the labels were due. Only untreated decisions with a
    probability are counted. `rows` is the number of those with a known outcome, and `events` that of the events.
    `overdue` is the number of decisions without a report. Of weeks with more than 10,000 decisions, these are numbers
    of a sample.
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
    """Numbers of one bin of the score: rows with a known outcome, events, and the sum of probabilities (`expected`).

    The rows are untreated decisions, or held-out rows of the package.
    """

    rows: int
    events: int
    expected: float


@dataclass(frozen=True, slots=True)
class DriftFacts:
    """Rows of one feature or part of the answers by cell, with the judged change between two sides.

    `window` and `baseline` have the rows of the sides in the order of `cells`. `distance` is the population stability
    index (PSI), and `threshold` the 95 % quantile of the PSI without a change. `compared` has the pooled cells of the
    distance. `distance`, `threshold`, `compared` and `effect` are None with too few rows.

    `e_value` is the evidence, and not its logarithm. `since` is a day (`2026-11-29`). `e_value` and `since` are None
    without evidence. `dispersion` is that of the sensor, at least 1.
    """

    subject: str
    aspect: Aspect
    cells: tuple[str, ...]
    window: tuple[int, ...]
    baseline: tuple[int, ...]
    compared: ComparedCells | None = None
    effect: Effect | None = None
    distance: float | None = None
    threshold: float | None = None
    e_value: float | None = None
    since: str | None = None
    is_alarm: bool = False
    dispersion: float = 1.0


@dataclass(frozen=True, slots=True)
class WeekFacts:
    """Counted decisions of the week from the Monday `start` (`2026-11-23`).

    `rows` is the number of all of them, `flagged` of those in a high-risk band, and `abstained` of abstentions.
    `alarms` is the number of findings of the week, open or decided.
    """

    start: str
    rows: int
    flagged: int
    abstained: int
    alarms: int = 0


@dataclass(frozen=True, slots=True)
class HealthFacts:
    """Facts of one model version and source up to and including the day `until` (`2026-11-29`, UTC).

    `volume`, `estimated` and `drift` are about the last 28 days. `confirmed`, `calibration`, `groups` and `trend` are
    about the last 365 days; weeks of due labels and of the trend are whole weeks. `findings` are the open ones.
    `groups` maps an attribute, or a judged intersection such as `sex&age_band`, to tallies by value. `unjudged` names
    the intersections that make too many groups. `calibration` and `reference` are bins in ascending order of the score.
    `estimated`, `confirmed` and `trial` are None without their data.
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
    unjudged: tuple[str, ...] = ()
    trend: tuple[WeekFacts, ...] = ()
    training_shift: tuple[DriftFacts, ...] = ()
    trial: WeighedTrial | None = None
