"""Whether what is counted is what is in the ledger; and the calls of past hours, brought into the counters."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from vigil.metering.model import Entry
from vigil.metering.ports import Calls, LedgerRows, UsageStore
from vigil.metering.service import Meter

Ledger = tuple[LedgerRows, Callable[[Mapping[str, Any]], Entry]]
"""Rows, and what one of them amounts to."""
_HOURS_BACK = 6
"""Hours are brought in again for a while, so that a run that failed is made up for by the next."""
_DAYS_BACK = 7
"""Further back no day is recounted: what was counted is remembered for 14 days."""
_SETTLING = timedelta(hours=1)
"""After the end of a day, for what is still on its way."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A day whose counter was not what the ledgers have; `counted` after what was missing had been counted."""

    tenant_id: str
    day: str
    was: int
    counted: int
    rows: int

    @property
    def repaired(self) -> bool:
        """Whether counter and ledger agree now."""
        return self.counted == self.rows


class Audit:
    """Compares counters with the ledgers, a job of rounds, one for each day."""

    patience = timedelta(hours=12)

    def __init__(
        self,
        ledgers: Sequence[Ledger],
        usage: UsageStore,
        calls: Calls,
        clock: Callable[[], datetime],
    ) -> None:
        self._ledgers = ledgers
        self._usage = usage
        self._calls = calls
        self._meter = Meter(usage)
        self._clock = clock

    def due(self, last: str) -> str | None:
        """Return the day after the last one that was recounted, if it has ended; at first yesterday."""
        newest = (self._clock().astimezone(UTC) - _SETTLING).date() - timedelta(days=1)
        following = date.fromisoformat(last) + timedelta(days=1) if last else newest
        day = max(following, newest - timedelta(days=_DAYS_BACK - 1))
        return day.isoformat() if day <= newest else None

    def look(self, tenant_id: str, day: str) -> Mapping[str, int]:
        """Recount a tenant's day, and return whether it did not agree, and whether it could not be repaired."""
        finding = self.recount(tenant_id, day)
        return {"mismatches": finding is not None, "unrepaired": finding is not None and not finding.repaired}

    def recount(self, tenant_id: str, day: str) -> Finding | None:
        """Recount a tenant's day; return, and keep, what did not agree.

        Rows that are missing from a counter are counted the usual way, so that one still on its way is not counted
        again when it comes. A counter above the ledger is never lowered: that is for people to look into.
        """
        rows = sum(ledger.count(tenant_id, day) for ledger, _ in self._ledgers)
        was = self._predictions(tenant_id, day)
        if rows == was:
            return None
        if was < rows:
            for ledger, entry in self._ledgers:
                self._meter.count(entry(image) for image in ledger.images(tenant_id, day))
        finding = Finding(tenant_id, day, was, self._predictions(tenant_id, day), rows)
        self._usage.note(tenant_id, day, asdict(finding) | {"at": self._clock().astimezone(UTC).isoformat()})
        return finding

    def bring_in_calls(self) -> int:
        """Bring the calls of the last hours that have ended into the counters; return how many counters were set."""
        now = self._clock().astimezone(UTC)
        hours = {f"{now - timedelta(hours=back):%Y-%m-%dT%H}" for back in range(1, _HOURS_BACK + 1)}
        found = self._calls.by_hour(hours)
        for (tenant_id, hour), calls in found.items():
            self._usage.say(tenant_id, hour, {"api_calls": calls})
        return len(found)

    def _predictions(self, tenant_id: str, day: str) -> int:
        days = {counted.day: counted.amounts for counted in self._usage.month(tenant_id, day[:7]).days}
        return days.get(day, {}).get("predictions", 0)
