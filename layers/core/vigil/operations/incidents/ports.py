"""Ports of incidents: their store, the queue of the worker, alerts, and the event bus."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from vigil.kernel.events import Event
from vigil.operations.incidents.model import (
    AlertOfIncident,
    Change,
    Incident,
    IncidentPage,
    IncidentState,
    TimelineEntry,
)
from vigil.operations.incidents.steps_model import Action, Check

FindAlert = Callable[[str], AlertOfIncident]
"""Function that returns an alert of the operators by its id. It raises NotFound and Unavailable."""
Checks = Mapping[str, Check]
"""Checks by the names that runbooks use."""
Actions = Mapping[str, Action]
"""Actions by the names that runbooks use."""


class IncidentStore(Protocol):
    """Stored incidents and their timelines. Every method raises Unavailable."""

    def create(self, change: Change, latest: str | None = None) -> bool:
        """Store a new incident with its first entries, as the latest one of its alert.

        Return False and store nothing if the id exists, or if the latest incident of the alert is not `latest`.
        """
        ...

    def latest_of_alert(self, fingerprint: str) -> str | None:
        """Return the id of the latest incident of an alert, read consistently, or None without one."""
        ...

    def get(self, incident_id: str) -> Incident | None:
        """Return an incident, read consistently, or None for an unknown id."""
        ...

    def write(self, change: Change) -> bool:
        """Store the next version and its entries together. Return False and store nothing after a lost race."""
        ...

    def timeline(self, incident_id: str) -> Sequence[TimelineEntry]:
        """Return all entries of an incident in their order, read consistently."""
        ...

    def page(self, state: IncidentState, after: Mapping[str, str] | None, limit: int) -> IncidentPage:
        """Return at most `limit` incidents of a state, latest opening first, after the position `after`.

        `after` is None for the first page. A change can take a second to appear.
        """
        ...

    def due(self, now: str, limit: int) -> Sequence[Incident]:
        """Return at most `limit` incidents whose due time has come, the longest overdue first.

        `now` is a timestamp. Changes of the last second can be missing.
        """
        ...


class StepQueue(Protocol):
    """Queue of the worker that runs steps."""

    def send(self, incident_id: str, step: int, attempt: int) -> None:
        """Send one message for one attempt of a step, at least once. Raises Unavailable."""
        ...


class IncidentBus(Protocol):
    """Event bus."""

    def publish(self, events: Sequence[Event]) -> Collection[str]:
        """Publish the events, at least once. Return the ids of those that the bus did not accept; empty if it took all.

        A bus that does not respond accepted none of them; that is no error.
        """
        ...
