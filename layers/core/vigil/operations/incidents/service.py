"""Incidents: open, list and resolve them, act on their steps, and report on them."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from vigil.errors import FieldError, InvalidInput, Unavailable
from vigil.operations.incidents import life_model as life
from vigil.operations.incidents.alerts_model import incident_type_of
from vigil.operations.incidents.authors_model import Author
from vigil.operations.incidents.changes_service import IncidentChanges
from vigil.operations.incidents.model import Change, Incident, IncidentPage, IncidentState, open_incident
from vigil.operations.incidents.ports import FindAlert, IncidentStore, StepQueue
from vigil.operations.incidents.report_model import IncidentReport, report_of
from vigil.operations.incidents.runbooks_model import RUNBOOKS, IncidentType
from vigil.operations.incidents.steps_model import Scope


class Incidents:
    """Service of the incidents of the deployment. Every method raises Unavailable.

    The argument `by` is the key of the caller. The argument `number` is the number of a step, from 1.
    The error Conflict means that the state does not allow the act, or that other writers won the race in every attempt.
    """

    def __init__(
        self,
        store: IncidentStore,
        changes: IncidentChanges,
        queue: StepQueue,
        find_alert: FindAlert,
        new_id: Callable[[], str],
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._changes = changes
        self._queue = queue
        self._find_alert = find_alert
        self._new_id = new_id
        self._clock = clock

    def open(self, incident_type: IncidentType | None, alert_id: str, scope: Scope, by: Author) -> Incident:
        """Open an incident of a type, or of the type that belongs to an alert. The new id replaces that of the scope.

        An alert has one incident at a time, and each of its episodes has at most one: that one is returned.

        Raises NotFound for an unknown alert, and InvalidInput for an alert without a runbook or of another type.
        """
        alert = self._find_alert(alert_id) if alert_id else None
        of_alert = incident_type_of(alert.type, alert.source) if alert else None
        if alert and of_alert is None:
            problem = "has no runbook; follow its fact `help` if it has one, or open an incident by its type"
            raise InvalidInput(FieldError("alert", problem, " or ".join(RUNBOOKS)))
        if of_alert and incident_type not in {None, of_alert}:
            raise InvalidInput(FieldError("type", "is not the type that belongs to the alert; leave it out", of_alert))
        chosen = incident_type or of_alert
        if chosen is None:
            raise InvalidInput(FieldError("type", "is required without an alert", " or ".join(RUNBOOKS)))

        def make() -> Change:
            named = replace(scope, incident_id=self._new_id())
            return open_incident(chosen, named, by.name, self._clock(), alert)

        return self._changes.create(make, alert)

    def page(self, state: IncidentState, after: Mapping[str, str] | None, limit: int) -> IncidentPage:
        """Return at most `limit` incidents of a state, latest opening first, after a position or from the start."""
        return self._store.page(state, after, limit)

    def get(self, incident_id: str) -> Incident:
        """Return an incident. Raises NotFound."""
        return self._changes.get(incident_id)

    def run(self, incident_id: str, number: int, action: str, by: Author) -> Incident:
        """Start a check, or the dry run of an action. Raises NotFound, Conflict and InvalidInput."""
        return self._start(incident_id, number, lambda each: life.run(each, number, action, by, self._clock()))

    def confirm(self, incident_id: str, number: int, by: Author, attempt: int | None = None) -> Incident:
        """Start the action of a dry run: of an attempt, or of the last one.

        Raises NotFound, Conflict, and Forbidden if a second person must confirm.
        """
        return self._start(incident_id, number, lambda each: life.confirm(each, number, by, self._clock(), attempt))

    def sign(self, incident_id: str, number: int, name: str, note: str, by: Author) -> Incident:
        """Sign a manual step off. Raises NotFound and Conflict."""
        return self._changes.apply(incident_id, lambda each: life.sign(each, number, name, note, by, self._clock()))

    def skip(self, incident_id: str, number: int, note: str, by: Author) -> Incident:
        """Skip a step. Raises NotFound and Conflict."""
        return self._changes.apply(incident_id, lambda each: life.skip(each, number, note, by, self._clock()))

    def escalate(self, incident_id: str, note: str, by: Author) -> Incident:
        """Escalate an incident. A second time changes nothing. Raises NotFound and Conflict."""
        return self._changes.apply(
            incident_id, lambda each: life.escalate(each, "person", by.name, self._clock(), note)
        )

    def resolve(self, incident_id: str, cause: str, follow_ups: tuple[str, ...], by: Author) -> Incident:
        """Resolve an incident whose steps are all done or skipped. Raises NotFound and Conflict."""
        return self._changes.apply(incident_id, lambda each: life.resolve(each, cause, follow_ups, by, self._clock()))

    def report(self, incident_id: str) -> IncidentReport:
        """Return the report of an incident, whose figures come from its timeline. Raises NotFound."""
        return report_of(self.get(incident_id), tuple(self._store.timeline(incident_id)))

    def _start(self, incident_id: str, number: int, decide: Callable[[Incident], Change]) -> Incident:
        """Write the start of a step, and send its message. The sweep sends a message that the queue did not accept."""
        incident = self._changes.apply(incident_id, decide)
        with suppress(Unavailable):
            self._queue.send(incident_id, number, incident.step(number).attempt)
        return incident
