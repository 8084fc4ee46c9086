"""Events to an EventBridge bus, and the rows that a DynamoDB stream still knows."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from vigil.alerting.events.model import Place
from vigil.aws.errors import translate_errors
from vigil.errors import NotFound, Unavailable
from vigil.kernel.events import Event

_ENTRIES = 10
"""The most that one PutEvents call takes."""
_PAGES = 100
"""Pages may be empty, and an open shard has no last one."""
_FORGOTTEN = ("TrimmedDataAccessException", "ResourceNotFoundException")


class EventBridgeBus:
    """One bus, spoken to from one room (`vigil.scoring`); events of one call are taken or refused one by one."""

    def __init__(self, client: Any, bus: str, source: str) -> None:
        self._client = client
        self._bus = bus
        self._source = source

    def publish(self, events: Sequence[Event]) -> Collection[str]:
        """Send the events, ten to a call, and return the ids of those that were not taken."""
        chunks = (events[start : start + _ENTRIES] for start in range(0, len(events), _ENTRIES))
        return {event_id for chunk in chunks for event_id in self._put(chunk)}

    def _put(self, events: Sequence[Event]) -> list[str]:
        try:
            with translate_errors("The event bus"):
                answer = self._client.put_events(Entries=[self._entry(event) for event in events])
        except Unavailable:
            return [event.event_id for event in events]
        return [e.event_id for e, said in zip(events, answer["Entries"], strict=True) if "ErrorCode" in said]

    def _entry(self, event: Event) -> dict[str, Any]:
        return {
            "EventBusName": self._bus,
            "Source": self._source,
            "DetailType": event.kind,
            "Time": datetime.fromisoformat(event.occurred_at),
            "Detail": event.detail,
        }


class DynamoStream:
    """The stream of a table."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def read(self, place: Place) -> Iterator[Mapping[str, Any]]:
        """Yield the records at a place, in order."""
        last = int(place.last)
        where = {"StreamArn": place.stream, "ShardId": place.shard, "SequenceNumber": place.first}
        answer = self._call("get_shard_iterator", ShardIteratorType="AT_SEQUENCE_NUMBER", **where)
        iterator = answer["ShardIterator"]
        for _ in range(_PAGES):
            page = self._call("get_records", ShardIterator=iterator)
            for record in page["Records"]:
                position = int(record["dynamodb"]["SequenceNumber"])
                if position <= last:
                    yield record
                if position >= last:
                    return
            if (iterator := page.get("NextShardIterator")) is None:
                return
        raise Unavailable("The stream did not come to the end of the batch.")

    def _call(self, operation: str, **arguments: Any) -> Any:
        with translate_errors(
            "The stream", dict.fromkeys(_FORGOTTEN, NotFound("The stream has forgotten these rows."))
        ):
            return getattr(self._client, operation)(**arguments)
