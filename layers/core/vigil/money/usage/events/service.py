"""Use that others report, counted once however often it is reported."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from vigil.errors import InvalidInput, Unavailable
from vigil.money.usage.events.model import Outcome
from vigil.money.usage.events.schemas import read
from vigil.money.usage.model import Entry
from vigil.money.usage.service import Meter


class UsageEvents:
    """Counts usage events."""

    def __init__(self, meter: Meter, clock: Callable[[], datetime]) -> None:
        self._meter = meter
        self._clock = clock

    def record(self, tenant_id: str, sent: Sequence[Any]) -> tuple[Outcome, ...]:
        """Count CloudEvents (JSON values) and keep each; return what became of each, in their order.

        Safe to repeat: what was counted is a duplicate. Raises Unavailable if not all could be counted.
        """
        now = self._clock()
        found = [_read(tenant_id, each, now) for each in sent]
        entries: dict[tuple[str, str], Entry] = {}
        for entry in found:
            if isinstance(entry, Entry):
                entries.setdefault(entry.name, entry)
        tally = self._meter.tally(entries.values())
        if tally.failed:
            raise Unavailable("Not every event could be counted; sent again, none is counted twice.")
        seen = set(tally.known)
        return tuple(each if isinstance(each, Outcome) else _became(each, seen) for each in found)


def _read(tenant_id: str, sent: Any, now: datetime) -> Entry | Outcome:
    try:
        event = read(sent)
        event.check(now)
    except InvalidInput as error:
        return Outcome("rejected", error.errors)
    return event.entry(tenant_id, now)


def _became(entry: Entry, seen: set[tuple[str, str]]) -> Outcome:
    """Return the outcome of an event that was read, and remember it for those after it in the same request."""
    known = entry.name in seen
    seen.add(entry.name)
    return Outcome("duplicate" if known else "counted")
