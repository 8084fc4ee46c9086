"""JSON of health reports, as shown in OpenAPI."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from vigil.monitoring.fairness.model import FairnessMeasure, Verdict
from vigil.monitoring.findings.model import Family, FindingKind, Recommendation
from vigil.monitoring.findings.model import Measure as EffectMeasure
from vigil.monitoring.report.model import Aspect, HealthReport, HealthState, MeasureName
from vigil.prediction.trials.evidence_model import TrialVerdict

ShownCount = Annotated[
    int | None, Field(description="Number of decisions, rounded to a multiple of 20. Null: fewer than 11.")
]
ShownShare = Annotated[
    float | None,
    Field(
        description=(
            "Share from 0 to 1, rounded to fit the rounded counts. "
            "Null: 10 decisions or fewer on a side, or fewer than 31 in all."
        )
    ),
]


class _View(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class EstimateView(_View):
    """A value with its 95 % interval; null members are infinite, cannot be calculated, or would show a small count."""

    value: float | None
    low: float | None
    high: float | None


class OpenFindingView(_View):
    """An open finding and its one next step."""

    kind: FindingKind
    family: Family
    subjects: list[str] = Field(
        description=(
            "Features, groups such as `sex=female`, or parts of the answers such as `score`, `abstention missing` or "
            "`engine linear`, the strongest first. Empty for labels and releases."
        )
    )
    day: str = Field(description="Day of the alarm, in UTC: for labels and releases, the Sunday of the week.")
    since: str = Field(
        description=(
            "Most likely first day of the change, in UTC. For groups, the first day of the compared counts; "
            "for releases, the first day of the version."
        )
    )
    e_value: float | None = Field(
        description="Evidence against chance: 100 is strong, 1 is none. Null: unknown, as in reports of earlier days."
    )
    recommendation: Recommendation
    text: str


class StatusView(_View):
    """State of the model in one line, and the next steps."""

    state: HealthState = Field(
        description=(
            "The first of these that applies. `alarm`: a finding is open. `settling`: the usual state is still being "
            "counted. `insufficient`: fewer than 100 counted decisions in 28 days. `quiet`: all other cases."
        )
    )
    since: str | None = Field(description="Day of the oldest open alarm, in UTC; null without an alarm.")
    headline: str
    advice: list[str] = Field(description="Next steps in words.")
    findings: list[OpenFindingView] = Field(description="Open findings, the oldest first.")


class AlarmBudgetView(_View):
    """Budget of false alarms."""

    expected_per_year: float = Field(description="Expected false alarms a year if nothing changes.")
    used: int = Field(description="Alarms of this version in the report.")
    since: str = Field(description="First counted day of the report, in UTC.")


class PartView(_View):
    """One part of the decisions, such as a reason of abstention."""

    name: str
    rows: ShownCount
    share: ShownShare


class VolumeView(_View):
    """Decisions of 28 days. `counted` has the first one of each subject and day, of all decisions or of a sample."""

    start: str = Field(description="First day, in UTC.")
    end: str = Field(description="Last day, in UTC.")
    decisions: ShownCount
    counted: ShownCount
    coverage: float | None = Field(description="Counted share of the decisions. Null: one of the two counts is null.")
    abstained: list[PartView] = Field(description="Counted abstentions, by reason.")
    degraded: list[PartView] = Field(description="Counted decisions without an engine's vote, by engine.")


class MeasureView(_View):
    """One measure of performance."""

    name: MeasureName
    estimate: EstimateView


class PerformanceView(_View):
    """Performance of decisions. An estimate has no labels and holds only if the model is still calibrated.

    Confirmed performance counts untreated decisions. Of weeks with more than 10,000 due decisions, it counts a sample.
    `events` and `overdue` (labels that are due and not reported) are null in an estimate, too.
    """

    start: str = Field(description="First day in UTC: of the decisions if estimated, of their due labels if confirmed.")
    end: str = Field(description="Last day in UTC: of the decisions if estimated, of their due labels if confirmed.")
    rows: ShownCount = Field(
        description=(
            "Counted decisions with a probability if estimated, untreated decisions with a known outcome if confirmed. "
            "Rounded to a multiple of 20. Null: fewer than 11."
        )
    )
    events: ShownCount
    overdue: ShownCount
    is_withdrawn: bool = Field(description="True if the calibration failed: the measures of the estimate are null.")
    measures: list[MeasureView]


class CalibrationPointView(_View):
    """Predicted probability and observed share of one bin."""

    predicted: float = Field(description="Mean predicted probability, from 0 to 1.")
    rows: ShownCount
    observed: EstimateView


class CalibrationView(_View):
    """Calibration of untreated decisions and of the package's reference: bins, the lowest first.

    The labels of `production` were due in whole weeks of 365 days. A list is empty with too few events.
    """

    production: list[CalibrationPointView]
    reference: list[CalibrationPointView]


class EffectView(_View):
    """Size of a change with its 95 % interval, which is null if it cannot be calculated."""

    measure: EffectMeasure
    value: float
    low: float | None
    high: float | None


class DriftRowView(_View):
    """Change of one feature or part of the answers against its baseline.

    In `training_shift`, `window` is the baseline of production, and `baseline` the held-out rows of the package.
    """

    subject: str = Field(
        description="A feature, or a part of the answers such as `score`, `abstention missing` or `engine linear`."
    )
    aspect: Aspect
    effect: EffectView | None = Field(description="Null: too few rows to show it.")
    distance: float | None = Field(description="Population stability index. Null: too few rows to show it.")
    threshold: float | None = Field(
        description="95 % quantile of the distance without a change, at this number of rows. Null like the distance."
    )
    e_value: float | None = Field(
        description=(
            "Evidence against chance as a power of ten: 100 is strong, 1 is none. "
            "Null: too few rows, or unknown as in reports of earlier days."
        )
    )
    since: str | None = Field(description="Most likely first day of the change, in UTC. Null: no evidence of a change.")
    is_alarm: bool = Field(description="True if `subjects` of an open finding have the subject.")
    cells: list[str] = Field(description="Names of the bins or levels.")
    window: list[ShownCount] = Field(description="Counted decisions by cell, in the order of `cells`.")
    baseline: list[ShownCount] = Field(description="Counted decisions by cell, in the order of `cells`.")


class GroupRowView(_View):
    """One measure of a group against all others of its attribute, in 365 days.

    For `calibration`, the rates are events per expected event. Outcomes are those of untreated decisions.
    """

    attribute: str
    group: str
    measure: FairnessMeasure
    rows: ShownCount
    rate: ShownShare
    others_rate: ShownShare
    ratio: EstimateView | None = Field(description="`rate` by `others_rate`. Null: too few rows to show it.")
    verdict: Verdict = Field(
        description="`pass`: the interval is inside of 0.8 to 1.25. `fail`: it is outside. `insufficient`: neither."
    )
    is_alarm: bool = Field(description="True for a `fail` that is one at the stricter level of alarms too.")
    rows_needed: int | None = Field(
        description="Rows of the measure's denominator that a verdict needs, about. Null: a verdict, or not known."
    )


class WeekView(_View):
    """Counted decisions of one whole week of the report. A week without profiles is left out.

    `flagged` is the share in a high-risk band, and `abstained` the share of abstentions.
    """

    start: str = Field(description="Monday, in UTC.")
    rows: ShownCount
    flagged: ShownShare
    abstained: ShownShare
    alarms: int = Field(description="Findings of the week, open or decided.")


class TrialView(_View):
    """Champion against challenger on the same outcomes of single requests."""

    challenger: int = Field(description="Version of the challenger.")
    until: str = Field(description="Last day on which the outcomes were due, in UTC: a Sunday.")
    rows: ShownCount
    verdict: TrialVerdict = Field(description="Verdict on the challenger.")
    brier_difference: EstimateView | None = Field(
        description=(
            "Brier score of the challenger minus that of the champion: below 0 for a better challenger. "
            "Null: too few rows to show it."
        )
    )
    better: float | None = Field(
        description="Evidence that the challenger is better; 20 decides. Null: fewer than 11 rows."
    )
    worse: float | None = Field(
        description="Evidence that the challenger is worse; 20 decides. Null: fewer than 11 rows."
    )


class HealthReportView(_View):
    """Health of a model version. Counts below 11 are null, all others are rounded to a multiple of 20."""

    model: str
    version: int
    source: str = Field(description="`single` for single requests, `batch` for batches.")
    until: str = Field(description="Last day of the report, in UTC.")
    status: StatusView
    budget: AlarmBudgetView
    volume: VolumeView
    estimated: PerformanceView | None = Field(description="Null: too few decisions in 28 days.")
    confirmed: PerformanceView | None = Field(description="Null: no whole week of due labels yet.")
    calibration: CalibrationView
    drift: list[DriftRowView] = Field(description="Alarms first, then the strongest change. Empty while settling.")
    groups: list[GroupRowView] = Field(description="Groups by attribute, in 365 days.")
    not_given: list[PartView] = Field(description="Counted decisions of 365 days without a value, by attribute.")
    trend: list[WeekView] = Field(description="Whole weeks of 365 days, the earliest first.")
    training_shift: list[DriftRowView] = Field(
        description="Baseline of production against the held-out rows of the package, the strongest change first."
    )
    trial: TrialView | None = Field(
        description="Last comparison with a challenger. Null: none until the last day of the report."
    )
    guidance: list[str]

    @classmethod
    def from_report(cls, report: HealthReport) -> "HealthReportView":
        """Return the view of a report."""
        return cls.model_validate(report)
