"""JSON of health reports, as shown in OpenAPI."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from vigil.monitoring.fairness.model import FairnessMeasure, Verdict
from vigil.monitoring.findings.model import Family, FindingKind, Recommendation
from vigil.monitoring.findings.model import Measure as EffectMeasure
from vigil.monitoring.report.model import Aspect, HealthReport, HealthState, MeasureName, TrialResult

ShownCount = Annotated[
    int | None, Field(description="Number of decisions, rounded to a multiple of 20. Null: fewer than 11.")
]
ShownShare = Annotated[
    float | None, Field(description="Share, rounded to fit the rounded counts. Null: 10 decisions or fewer on a side.")
]
EValue = Annotated[float | None, Field(description="Evidence against chance: 100 is strong, 1 is none.")]


class _View(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class EstimateView(_View):
    """A value with its 95 % interval; null values cannot be calculated, or would show a small count."""

    value: float | None
    low: float | None
    high: float | None


class OpenFindingView(_View):
    """An open finding and its one next step."""

    kind: FindingKind
    family: Family
    subjects: list[str] = Field(description="Features or groups, the strongest first.")
    day: str = Field(description="Day of the alarm, in UTC.")
    since: str = Field(description="Most likely first day of the change, in UTC.")
    e_value: EValue
    recommendation: Recommendation
    text: str


class StatusView(_View):
    """State of the model in one line, and the next steps."""

    state: HealthState
    since: str | None = Field(description="Day of the oldest open alarm, in UTC; null without an alarm.")
    headline: str
    advice: list[str]
    findings: list[OpenFindingView]


class AlarmBudgetView(_View):
    """Budget of false alarms."""

    expected_per_year: float = Field(description="Expected false alarms a year if nothing changes.")
    used: int = Field(description="Alarms since the first day of monitoring.")
    since: str = Field(description="First day of monitoring, in UTC.")


class PartView(_View):
    """One part of the decisions."""

    name: str
    rows: ShownCount
    share: ShownShare


class VolumeView(_View):
    """Decisions of the window."""

    start: str = Field(description="First day, in UTC.")
    end: str = Field(description="Last day, in UTC.")
    decisions: ShownCount
    counted: ShownCount
    coverage: float | None = Field(description="Share of decisions that monitoring has counted.")
    abstained: list[PartView] = Field(description="Decisions without an answer by reason.")
    degraded: list[PartView] = Field(description="Decisions without an engine's vote by engine.")


class MeasureView(_View):
    """One measure of performance."""

    name: MeasureName
    estimate: EstimateView


class PerformanceView(_View):
    """Performance of a window; an estimate has no labels and holds only if the model is still calibrated."""

    start: str = Field(description="First day of the decisions, in UTC.")
    end: str = Field(description="Last day of the decisions, in UTC.")
    rows: ShownCount
    events: ShownCount
    overdue: ShownCount
    is_withdrawn: bool = Field(description="True if the calibration failed, so that the estimate does not hold.")
    measures: list[MeasureView]


class CalibrationPointView(_View):
    """Predicted probability and observed share of one bin."""

    predicted: float
    rows: ShownCount
    observed: EstimateView


class CalibrationView(_View):
    """Calibration in production and of the package's reference."""

    production: list[CalibrationPointView]
    reference: list[CalibrationPointView]


class EffectView(_View):
    """Size of a change with its 95 % interval."""

    measure: EffectMeasure
    value: float
    low: float | None
    high: float | None


class DriftRowView(_View):
    """Change of one feature or answer against its baseline."""

    subject: str
    aspect: Aspect
    effect: EffectView | None
    distance: float | None = Field(description="Population stability index.")
    threshold: float | None = Field(description="95 % quantile of the distance without a change, at this size.")
    e_value: EValue
    since: str | None = Field(description="Most likely first day of the change, in UTC.")
    is_alarm: bool
    cells: list[str] = Field(description="Names of the bins or levels.")
    window: list[ShownCount]
    baseline: list[ShownCount]


class GroupRowView(_View):
    """One measure of a group against all others of its attribute."""

    attribute: str
    group: str
    measure: FairnessMeasure
    rows: ShownCount
    rate: ShownShare
    others_rate: ShownShare
    ratio: EstimateView | None
    verdict: Verdict
    is_alarm: bool
    rows_needed: int | None = Field(description="Rows of the measure's denominator that a verdict needs, about.")


class WeekView(_View):
    """One week of decisions."""

    start: str = Field(description="Monday, in UTC.")
    rows: ShownCount
    flagged: ShownShare
    abstained: ShownShare
    alarms: int


class TrialView(_View):
    """Champion against challenger on the same outcomes."""

    challenger: int = Field(description="Version of the challenger.")
    rows: ShownCount
    result: TrialResult
    difference: EstimateView | None = Field(description="Mean gain in Brier score; above 0 for a better challenger.")
    e_better: EValue
    e_worse: EValue


class HealthReportView(_View):
    """Health of a model version; counts below 11 are hidden and all others are rounded."""

    model: str
    version: int
    source: str = Field(description="`single` for single requests, `batch` for batches.")
    until: str = Field(description="Last day of the report, in UTC.")
    status: StatusView
    budget: AlarmBudgetView
    volume: VolumeView
    estimated: PerformanceView | None
    confirmed: PerformanceView | None
    calibration: CalibrationView
    drift: list[DriftRowView]
    groups: list[GroupRowView]
    not_given: list[PartView] = Field(description="Decisions without a value by attribute.")
    trend: list[WeekView]
    training_shift: list[DriftRowView]
    trial: TrialView | None
    guidance: list[str]

    @classmethod
    def from_report(cls, report: HealthReport) -> "HealthReportView":
        """Return the view of a report."""
        return cls.model_validate(report)
