"""Answers of the API with the report of an incident."""

from dataclasses import asdict
from typing import Any

from pydantic import BaseModel, Field

from vigil.operations.incidents.model import EntryKind, IncidentState, StepStatus
from vigil.operations.incidents.report_model import IncidentReport
from vigil.operations.incidents.runbooks_model import IncidentType, StepKind
from vigil.operations.incidents.schemas import joined_facts, scope_fields
from vigil.web.schemas import DATE_TIME


class FiguresView(BaseModel):
    """Times and durations, in seconds, from the timeline. A value is null until its act is in the timeline."""

    detected_at: str = Field(json_schema_extra=DATE_TIME)
    acknowledged_at: str = Field(json_schema_extra=DATE_TIME)
    due_at: str = Field(json_schema_extra=DATE_TIME)
    escalated_at: str | None = Field(json_schema_extra=DATE_TIME)
    mitigated_at: str | None = Field(json_schema_extra=DATE_TIME, description="End of the last action.")
    resolved_at: str | None = Field(json_schema_extra=DATE_TIME)
    seconds_to_acknowledge: float
    seconds_to_mitigate: float | None
    seconds_to_resolve: float | None
    is_in_time: bool | None = Field(description="True if the incident was resolved before `due_at`.")


class StepReportView(BaseModel):
    """One step in the report."""

    number: int
    title: str
    kind: StepKind
    status: StepStatus
    minutes: int = Field(description="Time allowed for the step.")
    started_at: str | None = Field(
        json_schema_extra=DATE_TIME,
        description="First start. A signed step started when the step before it ended. Null for a skip without a run.",
    )
    ended_at: str | None = Field(json_schema_extra=DATE_TIME, description="End of the last run; null before it.")
    seconds: float | None = Field(description="Time from the first start to the last end.")
    by: list[str] = Field(description="Authors of all acts of the step.")
    confirmed_by: str = Field(description="Author of the confirmation of the last run, or an empty text.")
    text: str = Field(description="Result of the last run, or the action of its dry run.")
    facts: dict[str, str]


class EntryView(BaseModel):
    """One act in the timeline."""

    number: int
    at: str = Field(json_schema_extra=DATE_TIME)
    kind: EntryKind
    by: str = Field(description="Role and key id, `worker` or `sweep`.")
    step: int = Field(description="0 for an act without a step.")
    text: str
    facts: list[list[str]] = Field(description="Pairs of a name and a text.")


class IncidentReportView(BaseModel):
    """The report of an incident. Empty parts are shown as empty."""

    incident_id: str
    type: IncidentType
    title: str
    state: IncidentState
    scope: dict[str, str | list[str]]
    opened_by: str
    figures: FiguresView
    steps: list[StepReportView]
    alert_id: str
    deployments: dict[str, str] = Field(description="Facts of the check of the last deployment.")
    error_groups: dict[str, str] = Field(description="Facts of the check of error groups.")
    decisions: dict[str, str] = Field(description="Facts of the check that replays decisions.")
    cause: str
    open_actions: list[str]
    timeline: list[EntryView]

    @classmethod
    def from_report(cls, report: IncidentReport) -> "IncidentReportView":
        """Return the view of a report."""
        own: dict[str, Any] = {name: getattr(report, name) for name in cls.model_fields}
        found = {name: joined_facts(own[name]) for name in ("deployments", "error_groups", "decisions")}
        steps = [asdict(step) | {"facts": joined_facts(step.facts)} for step in report.steps]
        timeline = [asdict(entry) | {"facts": [list(fact) for fact in entry.facts]} for entry in report.timeline]
        parts = {
            "figures": asdict(report.figures),
            "steps": steps,
            "timeline": timeline,
            "scope": scope_fields(report.scope),
        }
        return cls.model_validate({**own, **found, **parts})
