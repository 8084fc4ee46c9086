"""Whether what is counted is what is in the ledger; and the calls of past hours, brought into the counters."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from vigil.metering.model import Entry
from vigil.metering.ports import Calls, LedgerRows, UsageStore
from vigil.metering.service import Meter

Ledger = tuple[LedgerRows, Callable[[Mapping[str, Any]], Entry]]
"""Rows, and what one of them amounts to."""
_HOURS_BACK = 6
"""Hours are brought in again for a while, so that a run that failed is made up for by the next."""


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
    """Compares counters with the ledgers, a day of all tenants at a time."""

    def __init__(
        self,
        tenants: Callable[[], Iterable[str]],
        ledgers: Sequence[Ledger],
        usage: UsageStore,
        calls: Calls,
        clock: Callable[[], datetime],
    ) -> None:
        self._tenants = tenants
        self._ledgers = ledgers
        self._usage = usage
        self._calls = calls
        self._meter = Meter(usage)
        self._clock = clock

    def recount(self) -> list[Finding]:
        """Recount yesterday for every tenant; return, and keep, what did not agree.

        Rows that are missing from a counter are counted the usual way, so that one still on its way is not counted
        again when it comes. A counter above the ledger is never lowered: that is for people to look into.
        """
        day = f"{self._clock().astimezone(UTC) - timedelta(days=1):%Y-%m-%d}"
        return [finding for tenant in self._tenants() if (finding := self._recount(tenant, day))]

    def bring_in_calls(self) -> int:
        """Bring the calls of the last hours that have ended into the counters; return how many counters were set."""
        now = self._clock().astimezone(UTC)
        hours = {f"{now - timedelta(hours=back):%Y-%m-%dT%H}" for back in range(1, _HOURS_BACK + 1)}
        found = self._calls.by_hour(hours)
        for (tenant_id, hour), calls in found.items():
            self._usage.say(tenant_id, hour, {"api_calls": calls})
        return len(found)

    def _recount(self, tenant_id: str, day: str) -> Finding | None:
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

    def _predictions(self, tenant_id: str, day: str) -> int:
        days = {counted.day: counted.amounts for counted in self._usage.month(tenant_id, day[:7]).days}
        return days.get(day, {}).get("predictions", 0)
