"""Incidents, the state of their steps, and the entries of their timeline."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from vigil.kernel.events import Event, EventKind, create_event
from vigil.kernel.tenants import OPERATORS
from vigil.kernel.time import format_timestamp
from vigil.operations.incidents.runbooks_model import RUNBOOKS, IncidentType, Runbook, RunbookStep
from vigil.operations.incidents.steps_model import Scope, Verdict

IncidentState = Literal["open", "resolved"]
"""State of an incident."""
StepStatus = Literal["waiting", "running", "previewed", "done", "failed", "skipped"]
"""State of a step. `previewed`: the dry run of an action is done, and the action waits for its confirmation."""
StepPhase = Literal["check", "preview", "apply"]
"""Work of the worker at a running step."""
EntryKind = Literal[
    "opened",
    "check_started",
    "check_passed",
    "check_failed",
    "check_unknown",
    "preview_started",
    "previewed",
    "not_needed",
    "action_confirmed",
    "action_done",
    "step_failed",
    "signed",
    "skipped",
    "escalated",
    "resolved",
]
"""Kind of an entry of the timeline."""
EscalationReason = Literal["time", "step", "person"]
"""Reason of an escalation: the time of the runbook is over, a step failed, or a person asked for it."""
Facts = tuple[tuple[str, str], ...]
WORKER = "worker"
"""Author of the entries that no person wrote."""
MAX_FACTS = 20
"""Maximum facts of an entry."""
MAX_TEXT = 500
"""Maximum length of a text from a check or an action, in characters."""


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One act in the life of an incident. `number` counts from 1. `step` is 0 for an act without a step."""

    at: str
    number: int
    kind: EntryKind
    by: str
    step: int = 0
    text: str = ""
    facts: Facts = ()


@dataclass(frozen=True, slots=True)
class StepState:
    """State of one step: its plan from the runbook, and its current attempt.

    `attempt` counts the runs, so a confirmation and a message belong to exactly one run. `passed` counts the samples
    of a repeated check that passed in a row. While a worker works, `leased_until` is the end of its claim. `next_at`
    is the earliest time of the next sample, or of the repetition of an action. `resend_at` is the time at which a lost
    message is sent again. These three are timestamps, and None if the step does not run. `phase` is then None too.
    `verdict` is None without the result of a check.
    """

    plan: RunbookStep
    status: StepStatus = "waiting"
    attempt: int = 0
    phase: StepPhase | None = None
    uses: str = ""
    """Name of the check, or of the chosen action."""
    by: str = ""
    started_at: str | None = None
    ended_at: str | None = None
    leased_until: str | None = None
    next_at: str | None = None
    resend_at: str | None = None
    passed: int = 0
    verdict: Verdict | None = None
    summary: str = ""
    facts: Facts = ()
    effects: tuple[str, ...] = ()
    """Changes that the dry run has found, and after the action its real changes."""
    plan_digest: str = ""
    """Digest of the plan of the dry run, or "" before it. The action makes the changes of an equal plan only."""
    origins: tuple[str, ...] = ()
    """Origins of the key that started the run."""
    confirmed_by: str = ""
    """Name of the author of the confirmation, or "" before it."""

    @property
    def is_finished(self) -> bool:
        """True if the next step may start."""
        return self.status in {"done", "skipped"} or (self.status == "failed" and self.plan.on_failure != "stop")


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident and its steps. Times are timestamps of `format_timestamp`, or None before their act.

    `due_at` is the time at which an open incident escalates. `version` grows with every write. `entries` is the number
    of entries of the timeline. `unpublished` are the events that still have to be published. `alert_id` names one
    episode of the alert, and all episodes have the same `alert_fingerprint`.
    """

    incident_id: str
    type: IncidentType
    scope: Scope
    opened_by: str
    opened_at: str
    detected_at: str
    due_at: str
    changed_at: str
    steps: tuple[StepState, ...]
    alert_id: str = ""
    alert_fingerprint: str = ""
    state: IncidentState = "open"
    escalated_at: str | None = None
    escalation: EscalationReason | None = None
    resolved_at: str | None = None
    cause: str = ""
    follow_ups: tuple[str, ...] = ()
    version: int = 1
    entries: int = 0
    unpublished: tuple[EventKind, ...] = ()

    @property
    def runbook(self) -> Runbook:
        """The runbook of the type."""
        return RUNBOOKS[self.type]

    @property
    def next_due_at(self) -> str | None:
        """Timestamp from which the sweep must process the incident, or None if it has no work for the sweep."""
        if self.unpublished:
            return self.changed_at
        times = [step.resend_at for step in self.steps if step.status == "running" and step.resend_at]
        if self.state == "open" and self.escalated_at is None:
            times.append(self.due_at)
        return min(times, default=None)

    def step(self, number: int) -> StepState:
        """Return the step with a number from 1."""
        return self.steps[number - 1]

    def with_step(self, number: int, step: StepState) -> "Incident":
        """Return the incident with another state of one step."""
        return replace(self, steps=(*self.steps[: number - 1], step, *self.steps[number:]))

    def events(self) -> tuple[Event, ...]:
        """Return the events that still have to be published. Repeated calls return equal events."""
        times = {
            "incidents.opened": self.opened_at,
            "incidents.escalated": self.escalated_at,
            "incidents.resolved": self.resolved_at,
        }
        fields = {
            "tenant_id": OPERATORS,
            "incident_id": self.incident_id,
            "type": self.type,
            "alert_type": self.runbook.alert_type,
            "reason": self.escalation or "none",
        }
        return tuple(create_event(self.incident_id, kind, times[kind] or "", fields) for kind in self.unpublished)


@dataclass(frozen=True, slots=True)
class Change:
    """The next version of an incident, and the entries that it adds to the timeline."""

    incident: Incident
    entries: tuple[TimelineEntry, ...] = ()

    def log(
        self, now: datetime, kind: EntryKind, by: str, step: int = 0, text: str = "", facts: Facts = ()
    ) -> "Change":
        """Return the change with one more entry. Its time is not before that of the entry before it."""
        incident = self.incident
        at, number = max(format_timestamp(now), incident.changed_at), incident.entries + 1
        entry = TimelineEntry(at, number, kind, by, step, text[:MAX_TEXT], bounded(facts))
        return Change(replace(incident, changed_at=at, entries=number), (*self.entries, entry))


@dataclass(frozen=True, slots=True)
class IncidentPage:
    """One page of incidents, latest opening first, and the position of the next page; None on the last page."""

    incidents: tuple[Incident, ...]
    next: dict[str, str] | None


def bounded(facts: Facts) -> Facts:
    """Return the first MAX_FACTS facts, with at most MAX_TEXT characters per name and text."""
    return tuple((name[:MAX_TEXT], text[:MAX_TEXT]) for name, text in facts[:MAX_FACTS])


def open_incident(
    incident_type: IncidentType, scope: Scope, by: str, now: datetime, alert: "AlertOfIncident | None" = None
) -> Change:
    """Return a new incident with the steps of its runbook. `alert` is the alert from which it is opened."""
    book, at = RUNBOOKS[incident_type], format_timestamp(now)
    detected = min(at, alert.started_at) if alert else at
    incident = Incident(
        incident_id=scope.incident_id,
        type=incident_type,
        scope=scope,
        opened_by=by,
        opened_at=at,
        detected_at=detected,
        due_at=format_timestamp(now + timedelta(minutes=book.minutes)),
        changed_at=at,
        steps=tuple(StepState(step, uses=step.uses[0] if step.uses else "") for step in book.steps),
        alert_id=alert.alert_id if alert else "",
        alert_fingerprint=alert.fingerprint if alert else "",
        unpublished=("incidents.opened",),
    )
    facts: Facts = (("type", incident_type), ("detected_at", detected), ("due_at", incident.due_at))
    facts += (("alert", incident.alert_id),) if incident.alert_id else ()
    return Change(incident).log(now, "opened", by, facts=facts)


@dataclass(frozen=True, slots=True)
class AlertOfIncident:
    """One episode of an alert from which an incident is opened: its id, type, source and the time of its first event.

    `fingerprint` is equal for all episodes of the alert.
    """

    alert_id: str
    fingerprint: str
    type: str
    source: str
    started_at: str
