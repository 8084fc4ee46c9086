"""Recording of reported usage events: each counts once, up to a ceiling per tenant and day."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from vigil.errors import FieldError, InvalidInput, Unavailable
from vigil.money.usage.events.model import EventResult
from vigil.money.usage.events.schemas import parse_event
from vigil.money.usage.model import MAX_DAILY_UNITS, Amount, Meter, ReportedMeter, UsageEntry, sum_amounts
from vigil.money.usage.service import UsageCounter


class UsageEvents:
    """Records the usage events of tenants."""

    def __init__(self, counter: UsageCounter, clock: Callable[[], datetime]) -> None:
        self._counter = counter
        self._clock = clock

    def record(self, tenant_id: str, sent: Sequence[Any]) -> tuple[EventResult, ...]:
        """Count and store CloudEvents (JSON values); return the result of each, in the given order.

        Safe to repeat: an event that was counted before is a duplicate. An event that exceeds the ceiling of its day is
        rejected; requests at the same time may exceed it by their own events. Raises Unavailable if an event could not
        be counted.
        """
        now = self._clock()
        read = [_read(tenant_id, each, now) for each in sent]
        entries: dict[tuple[str, str], UsageEntry] = {}
        for entry in read:
            if isinstance(entry, UsageEntry):
                entries.setdefault(entry.key, entry)
        refused = self._refused(tenant_id, entries.values())
        counted = self._counter.count_each(entry for key, entry in entries.items() if key not in refused)
        if counted.failed:
            raise Unavailable("Not all events could be counted; send the request again. Counted events count once.")
        seen = set(counted.known)
        return tuple(
            each if isinstance(each, EventResult) else refused.get(each.key) or _result(each, seen) for each in read
        )

    def _refused(self, tenant_id: str, entries: Collection[UsageEntry]) -> Mapping[tuple[str, str], EventResult]:
        """Return the rejections of the entries that exceed the ceiling of their day and are not counted yet."""
        days = self._amounts_by_day(tenant_id, {entry.hour[:10] for entry in entries})
        excess: dict[tuple[str, str], EventResult] = {}
        for entry in entries:
            day = entry.hour[:10]
            total = sum_amounts((days[day], entry.amounts))
            if over := [meter for meter, most in MAX_DAILY_UNITS.items() if total.get(meter, 0) > most]:
                excess[entry.key] = _over_ceiling(over[0])
            else:
                days[day] = total
        known = self._counter.counted_keys(tenant_id, [entry_id for _, entry_id in excess]) if excess else ()
        return {key: result for key, result in excess.items() if key not in known}

    def _amounts_by_day(self, tenant_id: str, days: Collection[str]) -> dict[str, Mapping[Meter, Amount]]:
        """Return the counted amounts of these days; each month costs one read."""
        amounts: dict[str, Mapping[Meter, Amount]] = {day: {} for day in days}
        for _, each in groupby(sorted(days), lambda day: day[:7]):
            month = list(each)
            amounts |= self._counter.amounts_by_day(tenant_id, month[0], month[-1])
        return amounts


def _over_ceiling(meter: ReportedMeter) -> EventResult:
    bound = f"at most {MAX_DAILY_UNITS[meter]} units per tenant and day; ask an operator to check the reports"
    return EventResult("rejected", (FieldError(f"data.{meter}", "exceeds the ceiling of its day", bound),))


def _read(tenant_id: str, sent: Any, now: datetime) -> UsageEntry | EventResult:
    try:
        event = parse_event(sent)
        event.check(now)
    except InvalidInput as error:
        return EventResult("rejected", error.errors, error.count)
    return event.to_entry(tenant_id, now)


def _result(entry: UsageEntry, seen: set[tuple[str, str]]) -> EventResult:
    """Return the result of a valid event, and add it to `seen` for the later events of the request."""
    known = entry.key in seen
    seen.add(entry.key)
    return EventResult("duplicate" if known else "counted")
