"""Fakes of the ports of usage: counters, ledger rows, request counts and stored files, in memory."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from vigil.errors import Unavailable
from vigil.money.usage.model import Amount, Meter, StoredBytes, UsageEntry, UsageHour, UsageMonth, sum_amounts


class FakeUsage:
    """Counters as atomic as one transaction; the next `failures` calls of `add` raise Unavailable."""

    def __init__(self) -> None:
        self.counted: dict[tuple[str, str], UsageEntry] = {}
        self.sums: dict[tuple[str, str], dict[Meter, Amount]] = defaultdict(dict)
        self.findings: list[tuple[str, str, Meter, Mapping[str, Any]]] = []
        self.failures = 0
        self.stored: dict[str, StoredBytes] = {}

    def add(self, entries: Sequence[UsageEntry]) -> Collection[tuple[str, str]]:
        if self.failures:
            self.failures -= 1
            raise Unavailable("The usage table did not answer.")
        if known := [e.key for e in entries if e.key in self.counted]:
            return known
        grown: Counter[str] = Counter()
        for entry in entries:
            grown[entry.tenant_id] += int(entry.amounts.get("database_bytes", 0))
        if gone := {tenant for tenant, amount in grown.items() if amount < 0 and tenant not in self.stored}:
            return [entry.key for entry in entries if entry.tenant_id in gone]
        for entry in entries:
            self.counted[entry.key] = entry
            place = entry.tenant_id, entry.hour
            self.sums[place] = sum_amounts((self.sums[place], entry.amounts))
        for tenant, amount in grown.items():
            if amount:
                before = self.stored_bytes(tenant)
                self.stored[tenant] = replace(before, database_bytes=before.database_bytes + amount)
        return ()

    def amounts_by_day(self, tenant_id: str, first: str, last: str) -> Mapping[str, Mapping[Meter, Amount]]:
        days: dict[str, Mapping[Meter, Amount]] = {}
        for (tenant, hour), amounts in self.sums.items():
            if tenant == tenant_id and first <= hour[:10] <= last:
                days[hour[:10]] = sum_amounts((days.get(hour[:10], {}), amounts))
        return days

    def counted_keys(self, tenant_id: str, entry_ids: Sequence[str]) -> Collection[tuple[str, str]]:
        return {(tenant_id, entry_id) for entry_id in entry_ids if (tenant_id, entry_id) in self.counted}

    def month(self, tenant_id: str, month: str) -> UsageMonth:
        mine = sorted(hour for tenant, hour in self.sums if tenant == tenant_id and hour.startswith(month))
        hours = [UsageHour(hour, {m: n for m, n in self.sums[tenant_id, hour].items() if n}) for hour in mine]
        return UsageMonth(month, tuple(hour for hour in hours if hour.amounts), used=0)

    def set_amounts(self, tenant_id: str, hour: str, amounts: Mapping[Meter, int]) -> None:
        for meter, amount in amounts.items():
            self.sums[tenant_id, hour][meter] = amount

    def reported_entries(self, tenant_id: str, period: str) -> Iterator[UsageEntry]:
        rows = (entry for entry in self.counted.values() if entry.details and entry.tenant_id == tenant_id)
        found = (entry for entry in rows if entry.hour.startswith(period))
        return iter(sorted(found, key=lambda entry: (entry.hour, entry.entry_id)))

    def database_growth(self, tenant_id: str, hours: Sequence[str]) -> tuple[int, Mapping[str, int]]:
        return self.stored_bytes(tenant_id).database_bytes, {
            h: int(self.sums[tenant_id, h].get("database_bytes", 0)) for h in hours
        }

    def record_storage(self, tenant_id: str, storage_bytes: int, gauges: Mapping[str, Mapping[Meter, int]]) -> bool:
        if tenant_id not in self.stored:
            return False
        self.stored[tenant_id] = replace(self.stored[tenant_id], storage_bytes=storage_bytes)
        for hour, amounts in gauges.items():
            self.set_amounts(tenant_id, hour, amounts)
        return True

    def stored_bytes(self, tenant_id: str) -> StoredBytes:
        return self.stored.get(tenant_id, StoredBytes(0, 0))

    def record_finding(self, tenant_id: str, day: str, meter: Meter, finding: Mapping[str, Any]) -> None:
        self.findings.append((tenant_id, day, meter, finding))


class FakeLedgerRows:
    """Rows of a ledger in DynamoDB JSON."""

    def __init__(self, *images: Mapping[str, Any]) -> None:
        self.rows = list(images)

    def count(self, tenant_id: str, day: str) -> int:
        return sum(1 for _ in self.images(tenant_id, day))

    def images(self, tenant_id: str, day: str) -> Iterator[Mapping[str, Any]]:
        for image in self.rows:
            if image["tenant_pk"]["S"] == tenant_id and image["created_at"]["S"].startswith(day):
                yield image


class FakeRequestCounts:
    """Request counts by tenant and hour."""

    def __init__(self) -> None:
        self.counted: dict[tuple[str, str], int] = {}

    def requests_in_hour(self, tenant_id: str, hour: str) -> int:
        return self.counted.get((tenant_id, hour), 0)


class FakeStoredFiles:
    """Bytes of files by tenant."""

    def __init__(self) -> None:
        self.bytes: dict[str, int] = {}

    def stored_bytes(self, tenant_id: str) -> int:
        return self.bytes.get(tenant_id, 0)
