"""Daily audit that compares usage counters with the rows they were counted from."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta

from vigil.kernel.time import format_day, format_timestamp
from vigil.money.usage.model import Amount, Meter
from vigil.money.usage.ports import RecountSource, UsageStore

_OPEN_DAYS = 4
"""Number of first days of a month on which the last day of the month before is recounted too.

Chunks of batches that are completed late count on that last day.
"""
_DAYS_BACK = 7
"""Maximum age of a recounted day, in days. It is below 14, because marks of counted entries expire after 14 days."""
_SETTLING = timedelta(hours=1)
"""Wait after the end of a day for entries that are still being delivered."""
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class AuditFinding:
    """A meter whose counter of a day differed from its rows.

    `was` is the counter before the repair, `counted` the counter after it, `rows` the amount in the rows.
    """

    tenant_id: str
    day: str
    meter: Meter
    was: Amount
    counted: Amount
    rows: Amount

    @property
    def repaired(self) -> bool:
        """True if counter and rows agree after the repair."""
        return self.counted == self.rows


class UsageAudit:
    """Daily sweep that recounts each day of each tenant once."""

    max_duration = timedelta(hours=12)

    def __init__(self, sources: Sequence[RecountSource], usage: UsageStore, clock: Callable[[], datetime]) -> None:
        self._sources = sources
        self._usage = usage
        self._clock = clock

    def next_sweep(self, last: str) -> str | None:
        """Return the day after `last` if it has ended; without a last day, yesterday."""
        newest = (self._clock().astimezone(UTC) - _SETTLING).date() - _DAY
        following = date.fromisoformat(last) + _DAY if last else newest
        day = max(following, newest - (_DAYS_BACK - 1) * _DAY)
        return format_day(day) if day <= newest else None

    def process_tenant(self, tenant_id: str, day: str) -> Mapping[str, int]:
        """Recount a tenant's day; return the number of mismatches, and of those that were not repaired."""
        findings = self.recount(tenant_id, day)
        return {"mismatches": len(findings), "unrepaired": sum(not finding.repaired for finding in findings)}

    def recount(self, tenant_id: str, day: str) -> list[AuditFinding]:
        """Recount a tenant's day; store and return the meters that differ.

        Missing amounts are counted as usual entries, so a row that is delivered later does not count twice. A counter
        above its rows is never lowered: it needs an investigation.
        """
        return [finding for each in _days(date.fromisoformat(day)) for finding in self._findings(tenant_id, each)]

    def _findings(self, tenant_id: str, day: str) -> Iterator[AuditFinding]:
        for source in self._sources:
            if not (differing := self._differing(source, tenant_id, day)):
                continue
            if any(counted < rows for counted, rows in differing.values()):
                source.repair(tenant_id, day)
            still = self._differing(source, tenant_id, day)
            for meter, (was, rows) in differing.items():
                finding = AuditFinding(tenant_id, day, meter, was, *still.get(meter, (rows, rows)))
                at = format_timestamp(self._clock())
                self._usage.record_finding(tenant_id, day, meter, asdict(finding) | {"at": at})
                yield finding

    def _differing(self, source: RecountSource, tenant_id: str, day: str) -> Mapping[Meter, tuple[Amount, Amount]]:
        """Return counter and rows of each meter that differs.

        Counters are read before and after the rows, because entries may be counted in between. A meter differs only
        if the amount of its rows is outside these two readings.
        """
        before = self._counted(tenant_id, day)
        amounts = source.amounts(tenant_id, day)
        after = self._counted(tenant_id, day)
        return {
            meter: (after.get(meter, 0), rows)
            for meter, rows in amounts.items()
            if not before.get(meter, 0) <= rows <= after.get(meter, 0)
        }

    def _counted(self, tenant_id: str, day: str) -> Mapping[Meter, Amount]:
        days = {counted.day: counted.amounts for counted in self._usage.month(tenant_id, day[:7]).days}
        return days.get(day, {})


def _days(day: date) -> Sequence[str]:
    """Return the days to recount after a day: itself, and early in a month the last day of the month before."""
    next_day = day + _DAY
    before = next_day - next_day.day * _DAY
    return sorted({format_day(day), format_day(before)} if next_day.day <= _OPEN_DAYS else {format_day(day)})
