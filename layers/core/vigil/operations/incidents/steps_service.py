"""Runs the steps of incidents: claims a step, runs its check or action, and records the result."""

from collections.abc import Callable
from datetime import datetime, timedelta

from vigil.errors import NotFound, Unavailable, VigilError, WorkPostponed
from vigil.operations.incidents import work_model as work
from vigil.operations.incidents.changes_service import IncidentChanges
from vigil.operations.incidents.model import Change, Incident, StepState
from vigil.operations.incidents.ports import Actions, Checks
from vigil.operations.incidents.steps_model import Evidence

_RETRY_PAUSE = timedelta(seconds=10)
"""Pause before an action is repeated after a dependency did not answer."""
_NO_ANSWER = "A source did not answer. Run the step again."
_OUT_OF_TIME = "The action did not end within the minutes of the step. Check its effects, and run the step again."

Record = Callable[[Incident], Change]


class StepRunner:
    """Runs one attempt of a step. Concurrent workers share it: a write claims the step.

    An action begins, and is repeated, only within the minutes of its step. It receives a token that names its attempt.
    After the death of a worker, the next one repeats the action with the same token, so that it has its effect once.
    """

    def __init__(
        self,
        changes: IncidentChanges,
        checks: Checks,
        actions: Actions,
        sample_pause: timedelta,
        clock: Callable[[], datetime],
    ) -> None:
        self._sample_pause = sample_pause
        self._changes = changes
        self._checks = checks
        self._actions = actions
        self._clock = clock

    def run(self, incident_id: str, number: int, attempt: int) -> None:
        """Run an attempt. An error of the check or action is recorded as the result of the step.

        The call has no effect for an unknown incident, and for an attempt that is not running. Raises WorkPostponed if
        another worker has the step, or if its next work is due later. Raises Conflict after lost races, and Unavailable
        if the store of incidents does not answer.
        """
        try:
            incident = self._changes.apply(incident_id, lambda each: work.claim(each, number, attempt, self._clock()))
        except NotFound:
            return
        if (step := work.running_step(incident, number, attempt)) is None:
            return
        record = self._work(incident, number, step)

        def decide(current: Incident) -> Change | None:
            return record(current) if work.has_claim(current, number, step) else None

        after = self._changes.apply(incident_id, decide)
        running = work.running_step(after, number, attempt)
        if running is not None and running.next_at is not None:
            raise WorkPostponed((datetime.fromisoformat(running.next_at) - self._clock()).total_seconds())

    def _work(self, incident: Incident, number: int, step: StepState) -> Record:
        """Do the work of a step, and return the function that records its result."""
        if step.phase == "apply" and work.is_out_of_time(step, self._clock()):
            return lambda each: work.record_failure(each, number, _OUT_OF_TIME, self._clock())
        if step.phase == "check":
            found = self._check(step, incident)
            return lambda each: work.record_check(each, number, found, self._sample_pause, self._clock())
        try:
            if step.phase == "preview":
                preview = self._actions[step.uses].preview(incident.scope)
                return lambda each: work.record_preview(each, number, preview, self._clock())
            token = f"{incident.incident_id}.{number}.{step.attempt}"
            effects = self._actions[step.uses].apply(incident.scope, token, step.plan_digest)
        except Unavailable:
            return self._without_answer(number, step)
        except VigilError as error:
            refusal = str(error)
            return lambda each: work.record_failure(each, number, refusal, self._clock())
        return lambda each: work.record_applied(each, number, effects, self._clock())

    def _check(self, step: StepState, incident: Incident) -> Evidence:
        try:
            return self._checks[step.uses].run(incident.scope)
        except VigilError:
            return Evidence("unknown", _NO_ANSWER)

    def _without_answer(self, number: int, step: StepState) -> Record:
        """Return the record of a missing answer. A dry run ends, and an action is repeated."""
        if step.phase == "preview":
            return lambda each: work.record_failure(each, number, _NO_ANSWER, self._clock())
        return lambda each: work.release(each, number, _RETRY_PAUSE, self._clock())
