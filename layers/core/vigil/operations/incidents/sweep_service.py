"""The minute sweep of incidents: it escalates those whose time is over, and repeats lost messages."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from vigil.errors import Conflict, NotFound, Unavailable
from vigil.kernel.time import format_timestamp
from vigil.operations.incidents.changes_service import IncidentChanges
from vigil.operations.incidents.life_model import escalate
from vigil.operations.incidents.model import Change, Incident
from vigil.operations.incidents.ports import IncidentStore, StepQueue
from vigil.operations.incidents.work_model import fail_lost_steps

SWEEP = "sweep"
"""Author of escalations after the end of the time."""
_AT_ONCE = 100
"""Maximum incidents of one run."""


@dataclass(frozen=True, slots=True)
class IncidentSweepResult:
    """Counts of a run: escalated incidents, messages sent again, and incidents whose work failed."""

    escalated: int = 0
    resent: int = 0
    failed: int = 0

    def __add__(self, other: "IncidentSweepResult") -> "IncidentSweepResult":
        return IncidentSweepResult(
            self.escalated + other.escalated, self.resent + other.resent, self.failed + other.failed
        )


class IncidentSweep:
    """Escalates due incidents, fails lost steps, and sends lost messages again. Concurrent runs escalate once."""

    def __init__(
        self, store: IncidentStore, changes: IncidentChanges, queue: StepQueue, clock: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._changes = changes
        self._queue = queue
        self._clock = clock

    def run(self) -> IncidentSweepResult:
        """Do the due work of at most 100 incidents, the longest overdue first, and return the counts.

        An incident whose work raises Conflict or Unavailable is counted as failed. An incident that expired after it
        was listed has no work. Any other error ends the run. Raises Unavailable if the list of due incidents cannot be
        read.
        """
        total = IncidentSweepResult()
        for incident in self._store.due(format_timestamp(self._clock()), _AT_ONCE):
            try:
                total += self._advance(incident)
            except NotFound:
                continue
            except (Conflict, Unavailable):
                total += IncidentSweepResult(failed=1)
        return total

    def _advance(self, listed: Incident) -> IncidentSweepResult:
        now = self._clock()
        before = self._changes.get(listed.incident_id)

        def decide(incident: Incident) -> Change | None:
            is_late = incident.state == "open" and incident.due_at <= format_timestamp(now)
            return escalate(incident, "time", SWEEP, now) if is_late else None

        self._changes.apply(listed.incident_id, decide)
        after = self._changes.apply(listed.incident_id, lambda incident: fail_lost_steps(incident, now))
        lost = [
            (number, step.attempt)
            for number, step in enumerate(after.steps, 1)
            if step.status == "running" and step.resend_at is not None and step.resend_at <= format_timestamp(now)
        ]
        for number, attempt in lost:
            self._queue.send(after.incident_id, number, attempt)
        return IncidentSweepResult(int(before.escalated_at is None and after.escalated_at is not None), len(lost))
