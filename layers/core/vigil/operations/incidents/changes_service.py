"""Writes changes of incidents against other writers, and publishes their events."""

from collections.abc import Callable

from vigil.errors import Conflict, NotFound, Unavailable
from vigil.operations.incidents.life_model import mark_published
from vigil.operations.incidents.model import AlertOfIncident, Change, Incident
from vigil.operations.incidents.ports import IncidentBus, IncidentStore
from vigil.runtime.retries import TryAgain, retry

_TRIES = 8


class IncidentChanges:
    """Applies changes over the current version, and publishes the events of a change after its write."""

    def __init__(self, store: IncidentStore, bus: IncidentBus) -> None:
        self._store = store
        self._bus = bus

    def create(self, make: Callable[[], Change], alert: AlertOfIncident | None = None) -> Incident:
        """Store the new incident that `make` returns, publish its event, and return the incident.

        An alert has one incident at a time, and each of its episodes has at most one. The incident of the alert is
        returned if it is open, or if it is of the same episode. Raises Conflict after lost races, and Unavailable.

        A failed publication is no error: the sweep publishes the event later.
        """

        def attempt() -> Incident:
            latest = self._store.latest_of_alert(alert.fingerprint) if alert else None
            known = self._store.get(latest) if latest else None
            if alert and known and (known.state == "open" or known.alert_id == alert.alert_id):
                return known
            change = make()
            if not self._store.create(change, latest):
                raise TryAgain
            return change.incident

        error = Conflict("Other requests open incidents of this alert; try again.")
        incident = retry(attempt, attempts=_TRIES, error=error)
        self.publish(incident)
        return incident

    def get(self, incident_id: str) -> Incident:
        """Return an incident. Raises NotFound and Unavailable."""
        if incident := self._store.get(incident_id):
            return incident
        raise NotFound("There is no such incident. GET /v1/incidents lists all.")

    def apply(self, incident_id: str, decide: Callable[[Incident], Change | None]) -> Incident:
        """Write the change that `decide` returns for the current version, or nothing for None; return the incident.

        Its events are published after the write. A failed publication is no error: the sweep publishes them later.
        Raises NotFound, the errors of `decide`, Conflict after lost races, and Unavailable if the store does not
        answer.
        """

        def attempt() -> Incident:
            before = self.get(incident_id)
            if (change := decide(before)) is None:
                return before
            if not self._store.write(change):
                raise TryAgain
            return change.incident

        error = Conflict("The incident is being changed by another request; try again.")
        after = retry(attempt, attempts=_TRIES, error=error)
        self.publish(after)
        return after

    def publish(self, incident: Incident) -> bool:
        """Publish the waiting events of an incident and mark them. Return False if the sweep must do it.

        An event can be published twice; both have the same id.
        """
        if not incident.unpublished:
            return True
        try:
            return not self._bus.publish(incident.events()) and self._store.write(mark_published(incident))
        except Unavailable:
            return False
