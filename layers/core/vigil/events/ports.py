"""What events need from outside: a bus."""

from collections.abc import Collection, Sequence
from typing import Protocol

from vigil.events.model import Event


class Bus(Protocol):
    """Where events go."""

    def publish(self, events: Sequence[Event]) -> Collection[str]:
        """Send the events and return the ids of those that were not taken."""
        ...
