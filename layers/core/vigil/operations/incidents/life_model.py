"""The life of an incident: which acts are allowed, and the state after each. Every function is pure.

check    waiting ──run──> running ──result──> done | failed
action   waiting ──run──> running ──dry run──> previewed ──confirm──> running ──result──> done | failed
manual   waiting ──sign──> done
Every step that is not running can be skipped with a note, and a finished check or action can run again.

Steps are done one at a time and in their order. A step takes an act while every step before it is finished, and no step
after it runs. A new run of a step withdraws the dry runs after it, because it may change the state that they have read.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

from vigil.errors import Conflict, FieldError, Forbidden, InvalidInput, NotFound
from vigil.kernel.time import format_timestamp
from vigil.operations.incidents.authors_model import Author, second_person_refusal
from vigil.operations.incidents.model import Change, EscalationReason, Facts, Incident, StepState, StepStatus

PREVIEW_LIFE = timedelta(minutes=15)
"""Time after which a dry run is too old to be confirmed."""
MESSAGE_LIFE = timedelta(seconds=60)
"""Time after which the message of a running step counts as lost."""
MAX_ATTEMPTS = 50
"""Maximum runs of one step."""


def run(incident: Incident, number: int, action: str, by: Author, now: datetime) -> Change:
    """Return the change that starts a check, or the dry run of an action.

    The dry runs of later steps are withdrawn: these steps wait again.

    `action` names one of the step's actions; the first one if empty. Raises NotFound for an unknown step, and
    InvalidInput for an unknown action. Raises Conflict for a manual or running step, for one whose turn has not come,
    and for a resolved incident. Raises Conflict also after MAX_ATTEMPTS runs.
    """
    step = startable(incident, number)
    if step.plan.kind == "manual":
        raise Conflict("A person signs this step off; it cannot be run. Use `sign`.")
    if step.attempt >= MAX_ATTEMPTS:
        raise Conflict(f"The step has run {MAX_ATTEMPTS} times. Skip it with a note.")
    uses = action or step.plan.uses[0]
    if uses not in step.plan.uses:
        raise InvalidInput(FieldError("action", "is not an action of this step", " or ".join(step.plan.uses)))
    is_check = step.plan.kind == "check"
    started = StepState(
        plan=step.plan,
        status="running",
        attempt=step.attempt + 1,
        phase="check" if is_check else "preview",
        uses=uses,
        by=by.name,
        origins=by.origins,
        started_at=format_timestamp(now),
        resend_at=format_timestamp(now + MESSAGE_LIFE),
    )
    after, withdrawn = _without_later_dry_runs(incident, number)
    change = begin(after.with_step(number, started))
    return change.log(now, "check_started" if is_check else "preview_started", by.name, number, uses, withdrawn)


def confirm(incident: Incident, number: int, by: Author, now: datetime, attempt: int | None = None) -> Change:
    """Return the change that starts the action of a dry run.

    `attempt` is the number of the dry run. With None, the last dry run is confirmed. Raises NotFound for an unknown
    step. Raises Conflict for a resolved incident, without a dry run of the last 15 minutes, and for another attempt
    than the last one. Raises Forbidden if the step needs a second person, who has a key of another origin from before
    the incident.
    """
    step = _in_turn(incident, number)
    if step.plan.kind != "action" or step.status != "previewed" or step.ended_at is None:
        raise Conflict("Only an action whose dry run is done can be confirmed. Use `run` first.")
    if attempt not in {None, step.attempt}:
        raise Conflict(
            f"Attempt {attempt} is not the last dry run, which is attempt {step.attempt}. Read that one and confirm it."
        )
    if step.plan.needs_second_person and (
        refusal := second_person_refusal(step.by, step.origins, by, incident.opened_at)
    ):
        raise Forbidden(refusal)
    if now - datetime.fromisoformat(step.ended_at) > PREVIEW_LIFE:
        raise Conflict("The dry run is older than 15 minutes. Use `run` again.")
    started = replace(
        step,
        status="running",
        phase="apply",
        confirmed_by=by.name,
        started_at=format_timestamp(now),
        ended_at=None,
        resend_at=format_timestamp(now + MESSAGE_LIFE),
    )
    return begin(incident.with_step(number, started)).log(now, "action_confirmed", by.name, number, step.uses)


def sign(incident: Incident, number: int, name: str, note: str, by: Author, now: datetime) -> Change:
    """Return the change that signs a manual step off. The step started when the step before it ended.

    Raises NotFound for an unknown step. Raises Conflict for a check, an action or a signed step. Raises Conflict also
    for a step whose turn has not come, and for a resolved incident.
    """
    step = startable(incident, number)
    if step.plan.kind != "manual":
        raise Conflict("Only a manual step can be signed off. Use `run`, or `skip` with a note.")
    if step.status == "done":
        raise Conflict("The step is signed off. Continue with the next step.")
    ends = [other.ended_at for other in incident.steps[: number - 1] if other.ended_at]
    signed = incident.with_step(number, replace(step, started_at=max(ends, default=incident.opened_at)))
    return _end_by_hand(signed, number, "signed", note, by, now, (("signed_by", name),))


def skip(incident: Incident, number: int, note: str, by: Author, now: datetime) -> Change:
    """Return the change that skips a step.

    Raises NotFound for an unknown step. Raises Conflict for a step that is running, done or skipped. Raises Conflict
    also for a step whose turn has not come, and for a resolved incident.
    """
    step = startable(incident, number)
    if step.status in {"done", "skipped"}:
        raise Conflict("The step is done or skipped. Continue with the next step.")
    return _end_by_hand(incident, number, "skipped", note, by, now)


def escalate(incident: Incident, reason: EscalationReason, by: str, now: datetime, note: str = "") -> Change | None:
    """Return the change that escalates an open incident, or None if it is escalated already.

    Raises Conflict for a resolved incident.
    """
    if incident.state == "resolved":
        raise Conflict("The incident is resolved. Open another one for further work.")
    if incident.escalated_at is not None:
        return None
    return with_escalation(begin(incident), reason, by, now, note)


def with_escalation(change: Change, reason: EscalationReason, by: str, now: datetime, note: str = "") -> Change:
    """Return the change with an escalation: one more entry and one more unpublished event.

    The caller makes sure that the incident is not escalated yet.
    """
    logged = change.log(now, "escalated", by, text=note, facts=(("reason", reason),))
    incident = logged.incident
    escalated = replace(
        incident,
        escalated_at=incident.changed_at,
        escalation=reason,
        unpublished=(*incident.unpublished, "incidents.escalated"),
    )
    return replace(logged, incident=escalated)


def resolve(incident: Incident, cause: str, follow_ups: tuple[str, ...], by: Author, now: datetime) -> Change:
    """Return the change that resolves an incident.

    Raises Conflict if a step is neither done nor skipped, and for a resolved incident.
    """
    _require_open(incident)
    for number, step in enumerate(incident.steps, 1):
        if step.status not in {"done", "skipped"}:
            raise Conflict(f"Step {number} is not done. Finish it, or skip it with a note.")
    facts = tuple(("follow_up", text) for text in follow_ups)
    logged = begin(incident).log(now, "resolved", by.name, text=cause, facts=facts)
    resolved = replace(
        logged.incident,
        state="resolved",
        resolved_at=logged.incident.changed_at,
        cause=cause,
        follow_ups=follow_ups,
        unpublished=(*incident.unpublished, "incidents.resolved"),
    )
    return replace(logged, incident=resolved)


def mark_published(incident: Incident) -> Change:
    """Return the change that removes all unpublished events of an incident."""
    return begin(replace(incident, unpublished=()))


def startable(incident: Incident, number: int) -> StepState:
    """Return a step that a person may act on now. Raises NotFound for an unknown step.

    Raises Conflict for a running step, for one whose turn has not come, and for a resolved incident.
    """
    step = _in_turn(incident, number)
    if step.status == "running":
        raise Conflict("The step is running. Wait for its result.")
    return step


def begin(incident: Incident) -> Change:
    """Return an empty change of an incident: its next version."""
    return Change(replace(incident, version=incident.version + 1))


def _end_by_hand(
    incident: Incident,
    number: int,
    kind: Literal["signed", "skipped"],
    note: str,
    by: Author,
    now: datetime,
    facts: Facts = (),
) -> Change:
    """Return the change that ends a step with the note of a person."""
    status: StepStatus = "done" if kind == "signed" else "skipped"
    step = incident.step(number)
    ended = replace(step, status=status, by=by.name, ended_at=format_timestamp(now), summary=note, facts=facts)
    return begin(incident.with_step(number, ended)).log(now, kind, by.name, number, note, facts)


def _without_later_dry_runs(incident: Incident, number: int) -> tuple[Incident, Facts]:
    """Return the incident without the dry runs after a step, and one fact per withdrawn dry run."""
    facts: Facts = ()
    for later, step in enumerate(incident.steps[number:], number + 1):
        if step.status == "previewed":
            waiting = StepState(step.plan, attempt=step.attempt, uses=step.uses)
            incident = incident.with_step(later, waiting)
            facts = (*facts, ("withdrawn_dry_run", f"step {later}"))
    return incident, facts


def _in_turn(incident: Incident, number: int) -> StepState:
    """Return a step if every step before it is finished, and no step after it runs. Raises NotFound and Conflict."""
    step = _step_of_open(incident, number)
    for before, other in enumerate(incident.steps[: number - 1], 1):
        if not other.is_finished:
            raise Conflict(f"Step {before} is not finished. Finish it, or skip it with a note.")
    for later, other in enumerate(incident.steps[number:], number + 1):
        if other.status == "running":
            raise Conflict(f"Step {later} is running. Wait for its result.")
    return step


def _step_of_open(incident: Incident, number: int) -> StepState:
    _require_open(incident)
    if not 1 <= number <= len(incident.steps):
        raise NotFound("The runbook has no such step. The incident shows its steps.")
    return incident.step(number)


def _require_open(incident: Incident) -> None:
    if incident.state == "resolved":
        raise Conflict("The incident is resolved. Open another one for further work.")
