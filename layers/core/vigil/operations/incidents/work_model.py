"""The part of the worker in the life of a step: its claim, and the state after each result. Every function is pure.

A result belongs to one attempt. A result of another attempt, or of a step that no longer runs, changes nothing.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from vigil.errors import WorkPostponed
from vigil.kernel.time import format_timestamp
from vigil.operations.incidents.life_model import MESSAGE_LIFE, begin, with_escalation
from vigil.operations.incidents.model import MAX_TEXT, WORKER, Change, EntryKind, Incident, StepState, bounded
from vigil.operations.incidents.steps_model import Evidence, Preview, Verdict

LEASE = timedelta(seconds=90)
"""Duration of a worker's claim on a step. It is longer than a worker can run."""
_LOST = timedelta(minutes=15)
_LOST_TEXT = "No worker has ended the step in its time. Check the effects of an action, and run the step again."
_CHECK_ENTRIES: dict[Verdict, EntryKind] = {"ok": "check_passed", "faulty": "check_failed", "unknown": "check_unknown"}


def claim(incident: Incident, number: int, attempt: int, now: datetime) -> Change | None:
    """Return the change with a worker's claim on a running step, or None if the attempt no longer runs.

    Raises WorkPostponed while another worker has the claim, and before the time of the next sample.
    """
    if (step := running_step(incident, number, attempt)) is None:
        return None
    for until in (step.leased_until, step.next_at):
        if until is not None and (left := datetime.fromisoformat(until) - now) > timedelta():
            raise WorkPostponed(left.total_seconds())
    until = format_timestamp(now + LEASE)
    return begin(incident.with_step(number, replace(step, leased_until=until, resend_at=until)))


def running_step(incident: Incident, number: int, attempt: int) -> StepState | None:
    """Return the step of an attempt that runs, or None."""
    if incident.state == "resolved" or not 1 <= number <= len(incident.steps):
        return None
    step = incident.step(number)
    return step if step.status == "running" and step.attempt == attempt else None


def has_claim(incident: Incident, number: int, claimed: StepState) -> bool:
    """Return True if the claim on a step is still that of `claimed`. A later claim or a recorded result ends it."""
    step = running_step(incident, number, claimed.attempt)
    return step is not None and step.leased_until == claimed.leased_until


def is_out_of_time(step: StepState, now: datetime) -> bool:
    """Return True if a running step has used up its minutes."""
    return step.started_at is not None and now - datetime.fromisoformat(step.started_at) >= timedelta(
        minutes=step.plan.minutes
    )


def fail_lost_steps(incident: Incident, now: datetime) -> Change | None:
    """Return the change that fails the first lost step, so that people can go on, or None if no step is lost.

    A running step is lost 15 minutes after the end of its minutes. One call fails one step.
    """
    for number, step in enumerate(incident.steps, 1):
        if step.status == "running" and is_out_of_time(step, now - _LOST):
            return record_failure(incident, number, _LOST_TEXT, now)
    return None


def release(incident: Incident, number: int, pause: timedelta, now: datetime) -> Change:
    """Return the change that ends the claim on a running step. Its next work is due after `pause`."""
    step, due = incident.step(number), now + pause
    free = replace(
        step, leased_until=None, next_at=format_timestamp(due), resend_at=format_timestamp(due + MESSAGE_LIFE)
    )
    return begin(incident.with_step(number, free))


def record_check(incident: Incident, number: int, found: Evidence, pause: timedelta, now: datetime) -> Change:
    """Return the change after a check or one sample of it; `pause` is the time between two samples.

    The step ends after `repeats` passes in a row, or when its minutes are over. A sample that does not pass restarts
    the count. A verdict `unknown` repeats a verification while it has time. A step out of time without enough passes is
    `faulty`, or `unknown` if its last sample was. A verification is a check whose failure is more than a finding. All
    verdicts but `ok` end it as failed, which can escalate the incident.
    """
    step = incident.step(number)
    passed = step.passed + 1 if found.verdict == "ok" else 0
    summary, repeats = found.summary[:MAX_TEXT], step.plan.repeats
    if repeats > 1:
        summary = f"{passed} of {repeats} in a row. {summary}"[:MAX_TEXT]
    seen = replace(step, passed=passed, verdict=found.verdict, summary=summary, facts=bounded(found.facts))
    is_verification = step.plan.on_failure != "continue"
    is_repeated = (repeats > 1 and passed < repeats) or (is_verification and found.verdict == "unknown")
    if is_repeated and not is_out_of_time(step, now):
        return release(incident.with_step(number, seen), number, pause, now)
    verdict: Verdict = found.verdict if passed >= repeats or found.verdict == "unknown" else "faulty"
    has_failed = is_verification and verdict != "ok"
    ended = _ended(replace(seen, verdict=verdict), now, has_failed=has_failed)
    change = begin(incident.with_step(number, ended))
    change = change.log(now, _CHECK_ENTRIES[verdict], WORKER, number, summary, ended.facts)
    return _after_failure(change, ended, number, now) if has_failed else change


def record_preview(incident: Incident, number: int, found: Preview, now: datetime) -> Change:
    """Return the change after a dry run: previewed, done without need, or failed with the reason of a refusal.

    A failure can escalate the incident.
    """
    step = incident.step(number)
    if found.refusal:
        return record_failure(incident, number, found.refusal, now)
    effects, facts = found.effects, _effects(found.effects)
    if not found.is_needed:
        text = "The state is already the wanted one. The action is not needed."
        ended = replace(_ended(step, now, has_failed=False), summary=text, effects=effects)
        return begin(incident.with_step(number, ended)).log(now, "not_needed", WORKER, number, text, facts)
    waiting = replace(
        _ended(step, now, has_failed=False), status="previewed", effects=effects, plan_digest=found.digest
    )
    return begin(incident.with_step(number, waiting)).log(now, "previewed", WORKER, number, step.uses, facts)


def record_applied(incident: Incident, number: int, effects: tuple[str, ...], now: datetime) -> Change:
    """Return the change after an action, which ends the step as done."""
    ended = replace(_ended(incident.step(number), now, has_failed=False), effects=effects)
    change = begin(incident.with_step(number, ended))
    return change.log(now, "action_done", WORKER, number, ended.uses, _effects(effects))


def record_failure(incident: Incident, number: int, text: str, now: datetime) -> Change:
    """Return the change that ends a step as failed, because it cannot succeed. `text` names the reason.

    The failure escalates the incident if the step demands it.
    """
    ended = replace(_ended(incident.step(number), now, has_failed=True), summary=text[:MAX_TEXT])
    change = begin(incident.with_step(number, ended)).log(now, "step_failed", WORKER, number, text)
    return _after_failure(change, ended, number, now)


def _after_failure(change: Change, step: StepState, number: int, now: datetime) -> Change:
    """Return the change with an escalation, if the step asks for one and the incident is not escalated."""
    if step.plan.on_failure != "escalate" or change.incident.escalated_at is not None:
        return change
    return with_escalation(change, "step", WORKER, now, f"Step {number} failed.")


def _ended(step: StepState, now: datetime, *, has_failed: bool) -> StepState:
    return replace(
        step,
        status="failed" if has_failed else "done",
        phase=None,
        ended_at=format_timestamp(now),
        leased_until=None,
        next_at=None,
        resend_at=None,
    )


def _effects(effects: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return tuple(("effect", effect) for effect in effects)
