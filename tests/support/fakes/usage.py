"""Fakes of what metering needs: counters, a ledger's days and calls, in memory."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from vigil.errors import Unavailable
from vigil.money.usage.model import Entry, Held, Hour, Meter, MonthOfUse


class FakeUsage:
    """Counters as atomic as one transaction; `failures` is how many of the next calls do not come through."""

    def __init__(self) -> None:
        self.counted: dict[tuple[str, str], Entry] = {}
        self.sums: dict[tuple[str, str], Counter[Meter]] = defaultdict(Counter)
        self.findings: list[tuple[str, str, Meter, Mapping[str, Any]]] = []
        self.failures = 0
        self.stored: dict[str, Held] = {}

    def add(self, entries: Sequence[Entry]) -> Collection[tuple[str, str]]:
        if self.failures:
            self.failures -= 1
            raise Unavailable("The usage table did not answer.")
        if known := [e.name for e in entries if e.name in self.counted]:
            return known
        grown: Counter[str] = Counter()
        for entry in entries:
            grown[entry.tenant_id] += entry.amounts.get("database_bytes", 0)
        if gone := {tenant for tenant, amount in grown.items() if amount < 0 and tenant not in self.stored}:
            return [entry.name for entry in entries if entry.tenant_id in gone]
        for entry in entries:
            self.counted[entry.name] = entry
            self.sums[entry.tenant_id, entry.hour].update(entry.amounts)
        for tenant, amount in grown.items():
            if amount:
                held = self.held(tenant)
                self.stored[tenant] = replace(held, database_bytes=held.database_bytes + amount)
        return ()

    def month(self, tenant_id: str, month: str) -> MonthOfUse:
        mine = sorted(hour for tenant, hour in self.sums if tenant == tenant_id and hour.startswith(month))
        hours = [Hour(hour, {m: n for m, n in self.sums[tenant_id, hour].items() if n}) for hour in mine]
        return MonthOfUse(month, tuple(hour for hour in hours if hour.amounts), used=0)

    def say(self, tenant_id: str, hour: str, amounts: Mapping[Meter, int]) -> None:
        for meter, amount in amounts.items():
            self.sums[tenant_id, hour][meter] = amount

    def kept(self, tenant_id: str, period: str) -> Iterator[Entry]:
        rows = (entry for entry in self.counted.values() if entry.details and entry.tenant_id == tenant_id)
        found = (entry for entry in rows if entry.hour.startswith(period))
        return iter(sorted(found, key=lambda entry: (entry.hour, entry.entry_id)))

    def grown(self, tenant_id: str, hours: Sequence[str]) -> tuple[int, Mapping[str, int]]:
        return self.held(tenant_id).database_bytes, {h: self.sums[tenant_id, h]["database_bytes"] for h in hours}

    def hold(self, tenant_id: str, storage_bytes: int, gauges: Mapping[str, Mapping[Meter, int]]) -> bool:
        if tenant_id not in self.stored:
            return False
        self.stored[tenant_id] = replace(self.stored[tenant_id], storage_bytes=storage_bytes)
        for hour, amounts in gauges.items():
            self.say(tenant_id, hour, amounts)
        return True

    def held(self, tenant_id: str) -> Held:
        return self.stored.get(tenant_id, Held(0, 0))

    def note(self, tenant_id: str, day: str, meter: Meter, finding: Mapping[str, Any]) -> None:
        self.findings.append((tenant_id, day, meter, finding))


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
        self.counted: dict[tuple[str, str], int] = {}

    def made(self, tenant_id: str, hour: str) -> int:
        return self.counted.get((tenant_id, hour), 0)


class FakeStorage:
    """The bytes of each tenant's files."""

    def __init__(self) -> None:
        self.bytes: dict[str, int] = {}

    def held(self, tenant_id: str) -> int:
        return self.bytes.get(tenant_id, 0)
