"""Telling others of new decisions, at least once."""

from collections.abc import Mapping

from vigil.alerting.events.model import NewDecision
from vigil.alerting.events.ports import Bus
from vigil.errors import Unavailable


class Announcer:
    """Publishes the events of new ledger rows."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    def announce(self, decisions: Mapping[str, NewDecision]) -> list[str]:
        """Publish the events of decisions by stream position; return the positions that must come again.

        A position comes again whole, with the ids it had. Raises Unavailable if not one event was taken.
        """
        told = {position: decision.events() for position, decision in decisions.items()}
        every = [event for events in told.values() for event in events]
        refused = self._bus.publish(every)
        if every and len(refused) == len(every):
            raise Unavailable("The event bus took no event.")
        return [position for position, events in told.items() if any(e.event_id in refused for e in events)]
