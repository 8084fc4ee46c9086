"""Recording of reported usage events; an event that is reported twice counts once."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from vigil.errors import InvalidInput, Unavailable
from vigil.money.usage.events.model import EventResult
from vigil.money.usage.events.schemas import parse_event
from vigil.money.usage.model import UsageEntry
from vigil.money.usage.service import UsageCounter


class UsageEvents:
    """Records the usage events of tenants."""

    def __init__(self, counter: UsageCounter, clock: Callable[[], datetime]) -> None:
        self._counter = counter
        self._clock = clock

    def record(self, tenant_id: str, sent: Sequence[Any]) -> tuple[EventResult, ...]:
        """Count and store CloudEvents (JSON values); return the result of each, in the given order.

        Safe to repeat: an event that was counted before is a duplicate. Raises Unavailable if an event could not be
        counted.
        """
        now = self._clock()
        read = [_read(tenant_id, each, now) for each in sent]
        entries: dict[tuple[str, str], UsageEntry] = {}
        for entry in read:
            if isinstance(entry, UsageEntry):
                entries.setdefault(entry.key, entry)
        counted = self._counter.count_each(entries.values())
        if counted.failed:
            raise Unavailable("Not all events could be counted; send the request again. Counted events count once.")
        seen = set(counted.known)
        return tuple(each if isinstance(each, EventResult) else _result(each, seen) for each in read)


def _read(tenant_id: str, sent: Any, now: datetime) -> UsageEntry | EventResult:
    try:
        event = parse_event(sent)
        event.check(now)
    except InvalidInput as error:
        return EventResult("rejected", error.errors)
    return event.to_entry(tenant_id, now)


def _result(entry: UsageEntry, seen: set[tuple[str, str]]) -> EventResult:
    """Return the result of a valid event, and add it to `seen` for the later events of the request."""
    known = entry.key in seen
    seen.add(entry.key)
    return EventResult("duplicate" if known else "counted")
