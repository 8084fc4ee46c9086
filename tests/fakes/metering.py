"""Fakes of what metering needs: counters, a ledger's days and calls, in memory."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from vigil.errors import Unavailable
from vigil.metering.model import Day, Entry, MonthOfUse


class FakeUsage:
    """Counters as atomic as one transaction; `failures` is how many of the next calls do not come through."""

    def __init__(self) -> None:
        self.counted: set[tuple[str, str]] = set()
        self.sums: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        self.calls: dict[tuple[str, str], int] = {}
        self.findings: list[tuple[str, str, Mapping[str, Any]]] = []
        self.failures = 0

    def add(self, entries: Sequence[Entry]) -> Collection[tuple[str, str]]:
        if self.failures:
            self.failures -= 1
            raise Unavailable("The usage table did not answer.")
        if known := [e.name for e in entries if e.name in self.counted]:
            return known
        for entry in entries:
            self.counted.add(entry.name)
            self.sums[entry.tenant_id, entry.day].update(entry.amounts)
        return ()

    def month(self, tenant_id: str, month: str) -> MonthOfUse:
        said = {(tenant, hour[:10]) for tenant, hour in self.calls} | self.sums.keys()
        days = sorted(day for tenant, day in said if tenant == tenant_id and day.startswith(month))
        return MonthOfUse(month, tuple(self._day(tenant_id, day) for day in days), used=0)

    def set_calls(self, tenant_id: str, hour: str, calls: int) -> None:
        self.calls[tenant_id, hour] = calls

    def note(self, tenant_id: str, day: str, finding: Mapping[str, Any]) -> None:
        self.findings.append((tenant_id, day, finding))

    def _day(self, tenant_id: str, day: str) -> Day:
        calls = sum(n for (tenant, hour), n in self.calls.items() if tenant == tenant_id and hour.startswith(day))
        return Day(day, **self.sums[tenant_id, day], api_calls=calls)


class FakeRows:
    """The rows of a ledger, as DynamoDB has them."""

    def __init__(self, *images: Mapping[str, Any]) -> None:
        self.kept = list(images)

    def count(self, tenant_id: str, day: str) -> int:
        return sum(1 for _ in self.images(tenant_id, day))

    def images(self, tenant_id: str, day: str) -> Iterator[Mapping[str, Any]]:
        for image in self.kept:
            if image["tenant_pk"]["S"] == tenant_id and image["created_at"]["S"].startswith(day):
                yield image


class FakeCalls:
    """The calls of each tenant and hour."""

    def __init__(self) -> None:
        self.made: dict[tuple[str, str], int] = {}

    def by_hour(self, hours: Collection[str]) -> Mapping[tuple[str, str], int]:
        return {where: calls for where, calls in self.made.items() if where[1] in hours}
