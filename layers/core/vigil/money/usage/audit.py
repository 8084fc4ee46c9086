"""Whether what is counted is what it is recounted from, a day of a tenant at a time."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta

from vigil.kernel.time import format_day
from vigil.money.usage.model import Meter
from vigil.money.usage.ports import Recount, UsageStore

_OPEN_DAYS = 4
"""While a month is young, the last day of the one before is recounted too: what batches did late counts on that day."""
_DAYS_BACK = 7
"""Further back no day is recounted: what was counted is remembered for 14 days."""
_SETTLING = timedelta(hours=1)
"""After the end of a day, for what is still on its way."""
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Finding:
    """A meter whose counter of a day was not what its rows amount to; `counted` after what was missing was counted."""

    tenant_id: str
    day: str
    meter: Meter
    was: int
    counted: int
    rows: int

    @property
    def repaired(self) -> bool:
        """Whether counter and rows agree now."""
        return self.counted == self.rows


class Audit:
    """Compares counters with what they are recounted from, a job of rounds, one for each day."""

    max_duration = timedelta(hours=12)

    def __init__(self, recounts: Sequence[Recount], usage: UsageStore, clock: Callable[[], datetime]) -> None:
        self._recounts = recounts
        self._usage = usage
        self._clock = clock

    def next_sweep(self, last: str) -> str | None:
        """Return the day after the last one that was recounted, if it has ended; at first yesterday."""
        newest = (self._clock().astimezone(UTC) - _SETTLING).date() - _DAY
        following = date.fromisoformat(last) + _DAY if last else newest
        day = max(following, newest - (_DAYS_BACK - 1) * _DAY)
        return format_day(day) if day <= newest else None

    def process_tenant(self, tenant_id: str, day: str) -> Mapping[str, int]:
        """Recount a tenant's day, and return how many meters did not agree, and how many could not be repaired."""
        findings = self.recount(tenant_id, day)
        return {"mismatches": len(findings), "unrepaired": sum(not finding.repaired for finding in findings)}

    def recount(self, tenant_id: str, day: str) -> list[Finding]:
        """Recount a tenant's day; return, and keep, what did not agree.

        What is missing from a counter is counted the usual way, so that a row still on its way is not counted again
        when it comes. A counter above its rows is never lowered: that is for people to look into.
        """
        return [finding for each in _days(date.fromisoformat(day)) for finding in self._findings(tenant_id, each)]

    def _findings(self, tenant_id: str, day: str) -> Iterator[Finding]:
        for recount in self._recounts:
            if not (differing := self._differing(recount, tenant_id, day)):
                continue
            if any(counted < rows for counted, rows in differing.values()):
                recount.repair(tenant_id, day)
            still = self._differing(recount, tenant_id, day)
            for meter, (was, rows) in differing.items():
                finding = Finding(tenant_id, day, meter, was, *still.get(meter, (rows, rows)))
                at = self._clock().astimezone(UTC).isoformat()
                self._usage.note(tenant_id, day, meter, asdict(finding) | {"at": at})
                yield finding

    def _differing(self, recount: Recount, tenant_id: str, day: str) -> Mapping[Meter, tuple[int, int]]:
        """Return counter and rows of the meters that do not agree.

        Counters are read before and after the rows: of what is counted meanwhile the rows may hold any part.
        """
        before = self._counted(tenant_id, day)
        amounts = recount.amounts(tenant_id, day)
        after = self._counted(tenant_id, day)
        return {
            meter: (after.get(meter, 0), rows)
            for meter, rows in amounts.items()
            if not before.get(meter, 0) <= rows <= after.get(meter, 0)
        }

    def _counted(self, tenant_id: str, day: str) -> Mapping[Meter, int]:
        days = {counted.day: counted.amounts for counted in self._usage.month(tenant_id, day[:7]).days}
        return days.get(day, {})


def _days(day: date) -> Sequence[str]:
    """Return the days that are recounted when one has ended: itself, and at first the last of the month before."""
    next_day = day + _DAY
    before = next_day - next_day.day * _DAY
    return sorted({format_day(day), format_day(before)} if next_day.day <= _OPEN_DAYS else {format_day(day)})
