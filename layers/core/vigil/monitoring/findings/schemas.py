"""Bodies and answers of the API of findings."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from vigil.monitoring.findings.model import Effect, Family, FindingKind, Measure, Recommendation
from vigil.monitoring.findings.records_model import MAX_REASON, MIN_REASON, FindingRecord, FindingState
from vigil.monitoring.findings.words_model import next_step
from vigil.web.field_types import as_legible
from vigil.web.schemas import DATE_TIME

_DIGITS = 2
"""Significant digits of figures. Figures follow from shown counts of 11 or more, and more digits would show the counts.
"""
Day = Annotated[str, Field(json_schema_extra={"format": "date"})]


class ReasonBody(BaseModel):
    """Reason of a decision about a finding."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[
        str,
        Field(
            min_length=MIN_REASON,
            max_length=MAX_REASON,
            description="Why the finding needs no more attention, for the audit. Must not name a person.",
        ),
        as_legible,
    ]


class FindingEffectView(BaseModel):
    """Size of a change with its 95 % interval. Null limits cannot be calculated, or would show a small count."""

    measure: Measure = Field(
        description=(
            "`mean_shift_sd`: standard deviations of the baseline. `odds_ratio`: factor of the odds. "
            "`total_variation`: share of rows in other cells. `calibration_intercept`: natural log-odds, 0 is perfect. "
            "`calibration_slope`: 1 is perfect. `rate_ratio`: rate of the group by that of all others. "
            "`rate`: share of overdue labels. "
            "`paired_brier`: Brier score minus that of the previous version on the same outcomes."
        )
    )
    value: float = Field(description="With null limits, it can be the edge of the tolerated range that was exceeded.")
    low: float | None
    high: float | None

    @classmethod
    def from_effect(cls, effect: Effect) -> "FindingEffectView":
        """Return the view of an effect."""
        value = _rounded(effect.value)
        return cls(measure=effect.measure, value=value or 0.0, low=_rounded(effect.low), high=_rounded(effect.high))


class FindingView(BaseModel):
    """A finding about a model version with its one next step. The decision about it is null while it is open."""

    id: str
    state: FindingState = Field(
        description=(
            "`open`: no decision. `acknowledged`: a person has seen it. "
            "`rebased`: the days after the last judged one are the new baseline of drift."
        )
    )
    version: int
    source: str = Field(description="`single` for single requests, `batch` for batches.")
    family: Family
    kind: FindingKind
    subjects: list[str] = Field(
        description=(
            "Features, groups such as `sex=female`, or parts of the answers such as `score`, `abstention missing` or "
            "`engine linear`, the strongest first. Empty for labels and releases."
        )
    )
    day: Day = Field(description="Day of the alarm, in UTC: for labels and releases, the Sunday of the week.")
    since: Day = Field(
        description=(
            "Most likely first day of the change, in UTC. For groups, the first day of the compared counts; "
            "for releases, the first day of the version."
        )
    )
    effect: FindingEffectView
    e_value: float = Field(description="Evidence against chance: 100 is strong, 1 is none.")
    recommendation: Recommendation
    next_step: str = Field(description="The recommendation in words.")
    text: str
    decided_at: str | None = Field(json_schema_extra=DATE_TIME, description="Null while the finding is open.")
    decided_by: str | None = Field(description="Role and key id behind the decision. Null while the finding is open.")
    reason: str | None = Field(description="Reason of the decision. Null while the finding is open.")

    @classmethod
    def from_record(cls, record: FindingRecord) -> "FindingView":
        """Return the view of a record."""
        finding = record.finding
        same = ("version", "source", "family", "kind", "day", "since", "recommendation", "text")
        return cls.model_validate(
            {name: getattr(finding, name) for name in same}
            | {name: getattr(record, name) for name in ("state", "decided_at", "decided_by", "reason")}
            | {
                "id": record.finding_id,
                "subjects": [*finding.subjects],
                "effect": FindingEffectView.from_effect(finding.effect),
                "e_value": _rounded(finding.e_value),
                "next_step": next_step(finding),
            }
        )


class FindingList(BaseModel):
    """Findings, the newest day first; `next_cursor` is null on the last page."""

    items: list[FindingView]
    next_cursor: str | None = None


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.{_DIGITS}g}")
