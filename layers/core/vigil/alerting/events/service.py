"""Publication of the events of new decisions, at least once."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from vigil.alerting.events.model import NewDecision
from vigil.alerting.events.ports import EventBus
from vigil.errors import Unavailable

_TIMELY = timedelta(minutes=5)
"""Time from a decision within which its events are published."""


class DecisionPublisher:
    """Publishes the events of new decisions."""

    def __init__(self, bus: EventBus, clock: Callable[[], datetime]) -> None:
        self._bus = bus
        self._clock = clock

    def is_late(self, decision: NewDecision) -> bool:
        """Return True if the decision is now too old for a timely publication of its events."""
        return self._clock() - datetime.fromisoformat(decision.created_at) > _TIMELY

    def publish(self, decisions: Mapping[str, NewDecision]) -> list[str]:
        """Publish the events of decisions by stream position; return the positions that must be retried.

        The list is empty if the bus accepted all events. A retry publishes all events of its position again, with the
        same ids. Raises Unavailable if the bus accepted no event.
        """
        by_position = {position: decision.events() for position, decision in decisions.items()}
        every = [event for events in by_position.values() for event in events]
        refused = self._bus.publish(every)
        if every and len(refused) == len(every):
            raise Unavailable("The event bus accepted no event; try again.")
        return [position for position, events in by_position.items() if any(e.event_id in refused for e in events)]
