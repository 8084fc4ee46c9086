"""Publisher to an EventBridge bus, and reader of a DynamoDB stream."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from vigil.alerting.events.model import StreamRange
from vigil.aws.errors import translate_errors
from vigil.errors import NotFound, Unavailable
from vigil.kernel.events import Event

_MAX_ENTRIES = 10
"""Maximum events of one PutEvents call."""
_MAX_PAGES = 100
"""Maximum pages of one read: pages may be empty, and an open shard has no last page."""
_TRIMMED = ("TrimmedDataAccessException", "ResourceNotFoundException")


class EventBridgeBus:
    """An event bus with one source for all events, such as `vigil.scoring`.

    The bus accepts or refuses each event on its own.
    """

    def __init__(self, client: Any, bus: str, source: str) -> None:
        self._client = client
        self._bus = bus
        self._source = source

    def publish(self, events: Sequence[Event]) -> Collection[str]:
        """Publish the events, ten per call. Return the ids of those that the bus did not accept; empty if it took all.

        A bus that does not respond accepted none of them; that is no error.
        """
        chunks = (events[start : start + _MAX_ENTRIES] for start in range(0, len(events), _MAX_ENTRIES))
        return {event_id for chunk in chunks for event_id in self._put(chunk)}

    def publish_one(self, event: Event) -> None:
        """Publish an event. Raises Unavailable if the bus did not accept it."""
        if self.publish([event]):
            raise Unavailable("The event bus did not accept the event; try again.")

    def _put(self, events: Sequence[Event]) -> list[str]:
        try:
            with translate_errors("The event bus"):
                answer = self._client.put_events(Entries=[self._entry(event) for event in events])
        except Unavailable:
            return [event.event_id for event in events]
        return [e.event_id for e, entry in zip(events, answer["Entries"], strict=True) if "ErrorCode" in entry]

    def _entry(self, event: Event) -> dict[str, Any]:
        return {
            "EventBusName": self._bus,
            "Source": self._source,
            "DetailType": event.kind,
            "Time": datetime.fromisoformat(event.occurred_at),
            "Detail": event.detail,
        }


class DynamoStreamReader:
    """Reader of all streams of tables. Each read names the stream and the shard."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def read(self, position: StreamRange) -> Iterator[Mapping[str, Any]]:
        """Yield the records of a range in order, as DynamoDB streams return them.

        Raises NotFound if the records are older than 24 hours, and Unavailable if the range could not be read to its
        end.
        """
        last = int(position.last)
        where = {"StreamArn": position.stream, "ShardId": position.shard, "SequenceNumber": position.first}
        answer = self._call("get_shard_iterator", ShardIteratorType="AT_SEQUENCE_NUMBER", **where)
        iterator = answer["ShardIterator"]
        for _ in range(_MAX_PAGES):
            page = self._call("get_records", ShardIterator=iterator)
            for record in page["Records"]:
                number = int(record["dynamodb"]["SequenceNumber"])
                if number <= last:
                    yield record
                if number >= last:
                    return
            if (iterator := page.get("NextShardIterator")) is None:
                return
        raise Unavailable("The stream could not be read to the end of the range; try again.")

    def _call(self, operation: str, **arguments: Any) -> Any:
        with translate_errors(
            "The stream", dict.fromkeys(_TRIMMED, NotFound("The stream has lost these records; they are too old."))
        ):
            return getattr(self._client, operation)(**arguments)
