"""What counters are recounted from: rows of ledgers, rows of reported events, and the limiter's counters of calls."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from vigil.money.usage.model import REPORTED, Entry, Meter
from vigil.money.usage.ports import Calls, LedgerRows, UsageStore
from vigil.money.usage.service import Meter as Counting

Ledger = tuple[LedgerRows, Callable[[Mapping[str, Any]], Entry]]
"""Rows, and what one of them amounts to."""
_LATE = timedelta(hours=1)
"""A request that is let in at the end of an hour is counted while the next one runs."""


class Predictions:
    """Decisions, and chunks of batches. A row that is missing is counted the usual way, so that it counts once."""

    def __init__(self, ledgers: Sequence[Ledger], usage: UsageStore) -> None:
        self._ledgers = ledgers
        self._counting = Counting(usage)

    def amounts(self, tenant_id: str, day: str) -> Mapping[Meter, int]:
        """Return the predictions of a day."""
        return {"predictions": sum(ledger.count(tenant_id, day) for ledger, _ in self._ledgers)}

    def repair(self, tenant_id: str, day: str) -> None:
        """Count the rows of a day that are not counted yet."""
        for ledger, entry in self._ledgers:
            self._counting.count(entry(image) for image in ledger.images(tenant_id, day))


class Reported:
    """Events that producers reported. Row and counter are of one transaction: where they differ, none is missing."""

    def __init__(self, usage: UsageStore) -> None:
        self._usage = usage

    def amounts(self, tenant_id: str, day: str) -> Mapping[Meter, int]:
        """Return what the events of a day amount to."""
        sums: Counter[Meter] = Counter(dict.fromkeys(REPORTED, 0))
        for entry in self._usage.kept(tenant_id, day):
            sums.update(entry.amounts)
        return sums

    def repair(self, tenant_id: str, day: str) -> None:
        """Do nothing: an event whose row is there is marked as counted, and what the counter lost people must find."""


class CallCounts:
    """Requests that were let in: brought from the limiter's counters into the usage of their hours.

    They are said, not added, so that it may be done at any time and by several at once.
    """

    def __init__(self, calls: Calls, usage: UsageStore, clock: Callable[[], datetime]) -> None:
        self._calls = calls
        self._usage = usage
        self._clock = clock

    def look(self, tenant_id: str) -> int:
        """Bring in the running hour and the one before; nobody is told of it. Raises Unavailable."""
        now = self._clock().astimezone(UTC)
        self._say(tenant_id, (f"{moment:%Y-%m-%dT%H}" for moment in (now - _LATE, now)))
        return 0

    def amounts(self, tenant_id: str, day: str) -> Mapping[Meter, int]:
        """Return the calls of a day."""
        return {"api_calls": sum(self._calls.made(tenant_id, hour) for hour in _hours(day))}

    def repair(self, tenant_id: str, day: str) -> None:
        """Bring in every hour of a day."""
        self._say(tenant_id, _hours(day))

    def _say(self, tenant_id: str, hours: Iterator[str]) -> None:
        for hour in hours:
            if calls := self._calls.made(tenant_id, hour):
                self._usage.say(tenant_id, hour, {"api_calls": calls})


def _hours(day: str) -> Iterator[str]:
    return (f"{day}T{hour:02}" for hour in range(24))
