"""The report of an incident. Its figures and findings come from the timeline alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from vigil.operations.incidents.model import Facts, Incident, IncidentState, StepStatus, TimelineEntry
from vigil.operations.incidents.runbooks_model import IncidentType, StepKind
from vigil.operations.incidents.steps_model import Scope

_RESULTS = {"check_passed", "check_failed", "check_unknown"}
_ENDS = {*_RESULTS, "not_needed", "action_done", "step_failed", "signed", "skipped"}
_STARTS = {"check_started", "preview_started"}
_ENDED: set[StepStatus] = {"done", "failed", "skipped"}


@dataclass(frozen=True, slots=True)
class IncidentFigures:
    """Times and durations of an incident, in seconds. A value is None until its act is in the timeline.

    `detected_at` is the first event of the alert, or the opening. `acknowledged_at` is the first act of a person.
    `mitigated_at` is the end of the last action. `is_in_time` is True if the incident was resolved before `due_at`.
    """

    detected_at: str
    acknowledged_at: str
    due_at: str
    escalated_at: str | None
    mitigated_at: str | None
    resolved_at: str | None
    seconds_to_acknowledge: float
    seconds_to_mitigate: float | None
    seconds_to_resolve: float | None
    is_in_time: bool | None


@dataclass(frozen=True, slots=True)
class StepReport:
    """One step in the report.

    `started_at` is the first start of a check or action. A signed step started when the step before it ended, or with
    the incident. A step that was skipped without a run has no start. `ended_at` is the end of the last run, and None
    while the step waits, runs, or waits for a confirmation. `seconds` is the time between both; None without both.
    `by` are the authors of all acts. `confirmed_by` is the author of the confirmation of the last run, or "". `text`
    and `facts` are those of the last run: its result, or those of its dry run before the end of the action.
    """

    number: int
    title: str
    kind: StepKind
    status: StepStatus
    minutes: int
    started_at: str | None
    ended_at: str | None
    seconds: float | None
    by: tuple[str, ...]
    confirmed_by: str
    text: str
    facts: Facts


@dataclass(frozen=True, slots=True)
class IncidentReport:
    """The report of an incident. Empty parts are part of it: an empty cause means that nobody stated one."""

    incident_id: str
    type: IncidentType
    title: str
    state: IncidentState
    scope: Scope
    opened_by: str
    figures: IncidentFigures
    steps: tuple[StepReport, ...]
    alert_id: str
    deployments: Facts
    error_groups: Facts
    decisions: Facts
    cause: str
    open_actions: tuple[str, ...]
    timeline: tuple[TimelineEntry, ...]


def figures_of(timeline: Sequence[TimelineEntry]) -> IncidentFigures:
    """Return the figures of a timeline, which begins with the opening. Raises ValueError for another beginning."""
    if not timeline or timeline[0].kind != "opened":
        raise ValueError("a timeline begins with the opening")
    opened = timeline[0]
    facts = dict(opened.facts)
    detected, due = facts["detected_at"], facts["due_at"]
    escalated, mitigated, resolved = (_last(timeline, kind) for kind in ("escalated", "action_done", "resolved"))
    return IncidentFigures(
        detected_at=detected,
        acknowledged_at=opened.at,
        due_at=due,
        escalated_at=escalated,
        mitigated_at=mitigated,
        resolved_at=resolved,
        seconds_to_acknowledge=_seconds(detected, opened.at),
        seconds_to_mitigate=_seconds(detected, mitigated) if mitigated else None,
        seconds_to_resolve=_seconds(detected, resolved) if resolved else None,
        is_in_time=resolved <= due if resolved else None,
    )


def report_of(incident: Incident, timeline: tuple[TimelineEntry, ...]) -> IncidentReport:
    """Return the report of an incident and its timeline."""
    return IncidentReport(
        incident_id=incident.incident_id,
        type=incident.type,
        title=incident.runbook.title,
        state=incident.state,
        scope=incident.scope,
        opened_by=incident.opened_by,
        figures=figures_of(timeline),
        steps=tuple(_step(incident, number, timeline) for number in range(1, len(incident.steps) + 1)),
        alert_id=incident.alert_id,
        deployments=_found(incident, timeline, "last_deployment"),
        error_groups=_found(incident, timeline, "newest_error_groups"),
        decisions=_found(incident, timeline, "replay_recent_decisions"),
        cause=incident.cause,
        open_actions=(*_open_steps(incident), *incident.follow_ups),
        timeline=timeline,
    )


def _step(incident: Incident, number: int, timeline: Sequence[TimelineEntry]) -> StepReport:
    state = incident.step(number)
    acts = [entry for entry in timeline if entry.step == number]
    last_run = _last_run(acts) if state.status != "waiting" else []
    found = next((entry for entry in reversed(last_run) if entry.kind in {*_ENDS, "previewed"}), None)
    started, ended = _start(acts, timeline), found.at if found and state.status in _ENDED else None
    return StepReport(
        number=number,
        title=state.plan.title,
        kind=state.plan.kind,
        status=state.status,
        minutes=state.plan.minutes,
        started_at=started,
        ended_at=ended,
        seconds=_seconds(started, ended) if started and ended else None,
        by=tuple(dict.fromkeys(entry.by for entry in acts)),
        confirmed_by=next((entry.by for entry in last_run if entry.kind == "action_confirmed"), ""),
        text=found.text if found else "",
        facts=found.facts if found else (),
    )


def _last_run(acts: Sequence[TimelineEntry]) -> Sequence[TimelineEntry]:
    """Return the acts of a step from its last start on, or all acts of a step without a start."""
    starts = [place for place, entry in enumerate(acts) if entry.kind in _STARTS]
    return acts[starts[-1] :] if starts else acts


def _start(acts: Sequence[TimelineEntry], timeline: Sequence[TimelineEntry]) -> str | None:
    """Return the time of the first start of a step with these acts, or None without one."""
    for entry in acts:
        if entry.kind in _STARTS:
            return entry.at
        if entry.kind == "signed":
            before = timeline[: entry.number - 1]
            return max(
                (each.at for each in before if 0 < each.step < entry.step and each.kind in _ENDS), default=before[0].at
            )
    return None


def _found(incident: Incident, timeline: Sequence[TimelineEntry], check: str) -> Facts:
    """Return the facts of the last result of a check, or no facts if the runbook does not have it."""
    steps = {number for number, step in enumerate(incident.steps, 1) if check in step.plan.uses}
    results = [entry.facts for entry in timeline if entry.step in steps and entry.kind in _RESULTS]
    return results[-1] if results else ()


def _open_steps(incident: Incident) -> tuple[str, ...]:
    """Return the steps that are not done, and the checks that ended without an answer, as open actions."""
    return tuple(
        f"Step {number} ({step.plan.title}) is {step.status}."
        if step.status != "done"
        else f"Step {number} ({step.plan.title}) has an unknown verdict. {step.summary}"
        for number, step in enumerate(incident.steps, 1)
        if step.status != "done" or step.verdict == "unknown"
    )


def _last(timeline: Sequence[TimelineEntry], kind: str) -> str | None:
    return next((entry.at for entry in reversed(timeline) if entry.kind == kind), None)


def _seconds(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
