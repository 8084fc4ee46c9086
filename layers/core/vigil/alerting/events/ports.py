"""What events need from outside: a bus, and the stream of the ledger."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol

from vigil.alerting.events.model import Place
from vigil.kernel.events import Event


class Bus(Protocol):
    """Where events go."""

    def publish(self, events: Sequence[Event]) -> Collection[str]:
        """Send the events and return the ids of those that were not taken."""
        ...


class Stream(Protocol):
    """What the ledger's stream still knows: the rows of a day."""

    def read(self, place: Place) -> Iterable[Mapping[str, Any]]:
        """Yield the records at a place; raise NotFound for what is forgotten, Unavailable if the stream is away."""
        ...
