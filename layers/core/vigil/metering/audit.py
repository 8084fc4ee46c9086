"""Whether what is counted is what it is recounted from, a day of all tenants at a time."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from vigil.metering.model import Meter
from vigil.metering.ports import Recount, UsageStore

_OPEN_DAYS = 4
"""While a month is young, the last day of the one before is recounted too: what batches did late counts on that day."""


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
    """Compares counters with what they are recounted from."""

    def __init__(
        self,
        tenants: Callable[[], Iterable[str]],
        recounts: Sequence[Recount],
        usage: UsageStore,
        clock: Callable[[], datetime],
    ) -> None:
        self._tenants = tenants
        self._recounts = recounts
        self._usage = usage
        self._clock = clock

    def recount(self) -> list[Finding]:
        """Recount yesterday for every tenant; return, and keep, what did not agree.

        What is missing from a counter is counted the usual way, so that a row still on its way is not counted again
        when it comes. A counter above its rows is never lowered: that is for people to look into.
        """
        now = self._clock().astimezone(UTC)
        return [finding for tenant in self._tenants() for day in _days(now) for finding in self._findings(tenant, day)]

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


def _days(now: datetime) -> Sequence[str]:
    """Return the days that a run recounts: yesterday, and at first the last day of the month before."""
    days = {now - timedelta(days=1)}
    if now.day <= _OPEN_DAYS:
        days.add(now - timedelta(days=now.day))
    return sorted(f"{day:%Y-%m-%d}" for day in days)
