"""Events to an EventBridge bus."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from vigil.events.model import Event

SOURCE = "vigil.scoring"
_ENTRIES = 10
"""The most that one PutEvents call takes."""


class EventBridgeBus:
    """One bus; events of one call are taken or refused one by one."""

    def __init__(self, client: Any, bus: str) -> None:
        self._client = client
        self._bus = bus

    def publish(self, events: Sequence[Event]) -> Collection[str]:
        """Send the events, ten to a call, and return the ids of those that were not taken."""
        chunks = (events[start : start + _ENTRIES] for start in range(0, len(events), _ENTRIES))
        return {event_id for chunk in chunks for event_id in self._put(chunk)}

    def _put(self, events: Sequence[Event]) -> list[str]:
        try:
            answer = self._client.put_events(Entries=[self._entry(event) for event in events])
        except (BotoCoreError, ClientError):
            return [event.event_id for event in events]
        return [e.event_id for e, said in zip(events, answer["Entries"], strict=True) if "ErrorCode" in said]

    def _entry(self, event: Event) -> dict[str, Any]:
        return {
            "EventBusName": self._bus,
            "Source": SOURCE,
            "DetailType": event.kind,
            "Time": datetime.fromisoformat(event.occurred_at),
            "Detail": event.detail,
        }
