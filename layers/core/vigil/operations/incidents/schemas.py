"""Requests and answers of the API of incidents."""

from dataclasses import asdict
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from vigil.operations.incidents.life_model import MAX_ATTEMPTS
from vigil.operations.incidents.model import (
    EscalationReason,
    Facts,
    Incident,
    IncidentState,
    StepState,
    StepStatus,
)
from vigil.operations.incidents.runbooks_model import IncidentType, StepKind
from vigil.operations.incidents.steps_model import Scope, Verdict
from vigil.web.field_types import as_legible, as_whole_number
from vigil.web.schemas import DATE_TIME

_ID = r"^[A-Za-z0-9_][A-Za-z0-9._:-]{0,127}$"
_TEXT = r"^[^\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]*$"
_ONE_LINE = r"^[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]*$"
ScopeId = Annotated[str, Field(max_length=128, pattern=_ID)]
_LEGIBLE = "with at least one letter or digit"
_NOTE = f"Text for people, {_LEGIBLE}. Do not name patients."
Note = Annotated[str, Field(min_length=1, max_length=500, pattern=_TEXT, description=_NOTE), as_legible]
MIN_SIGN_OFF = 10
"""Minimum length of the note of a sign-off, in characters."""
SignOffNote = Annotated[
    str, Field(min_length=MIN_SIGN_OFF, max_length=500, pattern=_TEXT, description=_NOTE), as_legible
]
_NAME = f"Name or duty of the signer, {_LEGIBLE}."
Signer = Annotated[str, Field(min_length=1, max_length=80, pattern=_ONE_LINE, description=_NAME), as_legible]


class ScopeBody(BaseModel):
    """Subject of an incident, by ids. Checks and actions use the fields that they need."""

    model_config = ConfigDict(extra="forbid")

    function: ScopeId | None = Field(default=None, description="Name of a function, for example `scoring_api`.")
    model: ScopeId | None = Field(default=None, description="Name of a model.")
    tenant_id: ScopeId | None = Field(
        default=None, description="Tenant that an action suspends, or whose keys it revokes."
    )
    key_ids: Annotated[list[ScopeId], Field(max_length=20)] = Field(default=[], description="API keys to revoke.")
    circuit: ScopeId | None = Field(default=None, description="Name of a circuit breaker.")
    flag: ScopeId | None = Field(default=None, description="Name of a feature flag.")
    queue: ScopeId | None = Field(default=None, description="Name of a queue, for example `batch-splits`.")

    def to_scope(self) -> Scope:
        """Return the scope of an incident that has no id yet. A key that is named twice is in it once."""
        given = {name: value for name, value in self.model_dump().items() if value}
        return Scope("", **given | {"key_ids": tuple(dict.fromkeys(self.key_ids))})


class IncidentBody(BaseModel):
    """A new incident. `type` may be absent if `alert` names an alert that has a runbook."""

    model_config = ConfigDict(extra="forbid")

    type: IncidentType | None = None
    alert: ScopeId | None = Field(default=None, description="Id of an alert of the deployment.")
    scope: ScopeBody = ScopeBody()


class RunBody(BaseModel):
    """The start of a step."""

    model_config = ConfigDict(extra="forbid")

    action: ScopeId | None = Field(default=None, description="One of the step's actions. Default: the first one.")


class ConfirmBody(BaseModel):
    """The confirmation of an action."""

    model_config = ConfigDict(extra="forbid")

    attempt: Annotated[int, Field(ge=1, le=MAX_ATTEMPTS), as_whole_number] | None = Field(
        default=None, description="`attempt` of the step with the dry run that is confirmed. Default: the last one."
    )


class SignBody(BaseModel):
    """A sign-off."""

    model_config = ConfigDict(extra="forbid")

    name: Signer
    note: SignOffNote


class NoteBody(BaseModel):
    """A note."""

    model_config = ConfigDict(extra="forbid")

    note: Note


class ResolveBody(BaseModel):
    """The end of an incident. The report shows an empty cause as empty."""

    model_config = ConfigDict(extra="forbid")

    cause: str = Field(default="", max_length=500, pattern=_TEXT, description="Cause. Do not name patients.")
    follow_ups: Annotated[list[Note], Field(max_length=20)] = Field(default=[], description="Work that is still open.")


class IncidentStepView(BaseModel):
    """One step of an incident."""

    number: int
    kind: StepKind
    title: str
    status: StepStatus = Field(description="`previewed`: the dry run is done, and the action waits for `confirm`.")
    minutes: int = Field(description="Time allowed for the step.")
    choices: list[str] = Field(description="Names of the check or of the actions of the step.")
    uses: str = Field(description="Check, or chosen action.")
    needs_second_person: bool = Field(description="True if a second person must confirm the action.")
    attempt: int = Field(description="Number of runs.")
    verdict: Verdict | None = Field(description="`unknown`: a source did not answer, or found no subject.")
    summary: str
    facts: dict[str, str] = Field(description="Facts by name. Texts of one name are joined by a semicolon.")
    effects: list[str] = Field(description="Changes that a dry run found, or that the action made.")
    by: str = Field(description="Role and key id of the author of the last run, sign-off or skip.")
    confirmed_by: str = Field(description="Role and key id of the author of the confirmation, or an empty text.")
    started_at: str | None = Field(json_schema_extra=DATE_TIME)
    ended_at: str | None = Field(json_schema_extra=DATE_TIME)

    @classmethod
    def from_step(cls, number: int, step: StepState) -> "IncidentStepView":
        """Return the view of a step."""
        plan = step.plan
        return cls(
            number=number,
            choices=list(plan.uses),
            facts=joined_facts(step.facts),
            effects=list(step.effects),
            **{name: getattr(plan, name) for name in ("kind", "title", "minutes", "needs_second_person")},
            **{
                name: getattr(step, name)
                for name in ("status", "uses", "attempt", "verdict", "summary", "by", "confirmed_by")
            },
            **{name: getattr(step, name) for name in ("started_at", "ended_at")},
        )


class IncidentSummaryView(BaseModel):
    """An incident without its steps."""

    id: str
    type: IncidentType
    title: str
    state: IncidentState
    alert: str = Field(description="Id of the alert, or an empty text.")
    scope: dict[str, str | list[str]]
    opened_by: str = Field(description="Role and key id.")
    opened_at: str = Field(json_schema_extra=DATE_TIME)
    detected_at: str = Field(json_schema_extra=DATE_TIME, description="First event of the alert, or the opening.")
    due_at: str = Field(json_schema_extra=DATE_TIME, description="Time at which an open incident escalates.")
    escalated_at: str | None = Field(json_schema_extra=DATE_TIME)
    escalation: EscalationReason | None = Field(description="Reason of the escalation.")
    resolved_at: str | None = Field(json_schema_extra=DATE_TIME)

    @classmethod
    def from_incident(cls, incident: Incident) -> "IncidentSummaryView":
        """Return the view of an incident."""
        return cls(**_fields(incident))


class IncidentView(IncidentSummaryView):
    """An incident with its steps."""

    cause: str
    follow_ups: list[str]
    steps: list[IncidentStepView]

    @classmethod
    def from_incident(cls, incident: Incident) -> "IncidentView":
        """Return the view of an incident with its steps."""
        steps = [IncidentStepView.from_step(number, step) for number, step in enumerate(incident.steps, 1)]
        return cls(**_fields(incident), cause=incident.cause, follow_ups=list(incident.follow_ups), steps=steps)


class IncidentList(BaseModel):
    """Incidents; `next_cursor` is null on the last page."""

    items: list[IncidentSummaryView]
    next_cursor: str | None = None


def _fields(incident: Incident) -> dict[str, Any]:
    own = (
        "type",
        "state",
        "opened_by",
        "opened_at",
        "detected_at",
        "due_at",
        "escalated_at",
        "escalation",
        "resolved_at",
    )
    return {name: getattr(incident, name) for name in own} | {
        "id": incident.incident_id,
        "title": incident.runbook.title,
        "alert": incident.alert_id,
        "scope": scope_fields(incident.scope),
    }


def joined_facts(facts: Facts) -> dict[str, str]:
    """Return facts by name. The texts of equal names are joined."""
    found: dict[str, str] = {}
    for name, text in facts:
        found[name] = f"{found[name]}; {text}" if name in found else text
    return found


def scope_fields(scope: Scope) -> dict[str, str | list[str]]:
    """Return the given fields of a scope."""
    given = {name: value for name, value in asdict(scope).items() if value and name != "incident_id"}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in given.items()}
