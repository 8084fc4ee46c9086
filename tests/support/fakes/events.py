"""Fake of the event bus, in memory."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from vigil.kernel.events import Event


@dataclass
class FakeBus:
    """Event bus that refuses the events with an id in `refusing`, and every event while it is `away`."""

    refusing: set[str] = field(default_factory=set)
    away: bool = False
    taken: list[Event] = field(default_factory=list)

    def publish(self, events: Sequence[Event]) -> Collection[str]:
        refused = {e.event_id for e in events if self.away or e.event_id in self.refusing}
        self.taken += [event for event in events if event.event_id not in refused]
        return refused
