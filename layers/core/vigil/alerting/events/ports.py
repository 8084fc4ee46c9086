"""Ports of events: the event bus and the stream of the decision ledger."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol

from vigil.alerting.events.model import StreamRange
from vigil.kernel.events import Event


class EventBus(Protocol):
    """Event bus."""

    def publish(self, events: Sequence[Event]) -> Collection[str]:
        """Publish the events, at least once. Return the ids of those that the bus did not accept; empty if it took all.

        A bus that does not respond accepted none of them; that is no error.
        """
        ...


class StreamReader(Protocol):
    """Reader of all streams of tables. Each read names the stream and the shard. A stream has records of 24 hours."""

    def read(self, position: StreamRange) -> Iterable[Mapping[str, Any]]:
        """Yield the records of a range in order, as DynamoDB streams return them.

        Raises NotFound if the records are older than 24 hours, and Unavailable if the range could not be read to its
        end.
        """
        ...
