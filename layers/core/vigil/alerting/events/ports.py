"""Ports of events: the event bus and the stream of the decision ledger."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol

from vigil.alerting.events.model import StreamRange
from vigil.kernel.events import Event


class EventBus(Protocol):
    """Event bus."""

    def publish(self, events: Sequence[Event]) -> Collection[str]:
        """Publish the events; return the ids of those that the bus did not accept."""
        ...


class StreamReader(Protocol):
    """Reader of a table's stream, which has the records of the last 24 hours."""

    def read(self, position: StreamRange) -> Iterable[Mapping[str, Any]]:
        """Yield the records of a range. Raises NotFound if they are trimmed, Unavailable if the read fails."""
        ...
