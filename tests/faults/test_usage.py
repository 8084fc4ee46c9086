"""Every decision is counted once, although the stream delivers duplicates, late and in any order."""

from dataclasses import dataclass, field
from random import Random

import pytest

from tests.faults.planted import Unmarked
from tests.support.faultbed.faults import FAULTS, Crash
from tests.support.faultbed.interleaving import Interleaving
from tests.support.faultbed.plans import At, Seeded, inject, uniform_rates
from vigil.errors import Unavailable
from vigil.money.usage.model import UsageEntry, sum_hours
from vigil.money.usage.service import UsageCounter
from vigil.money.usage.store import DynamoUsage

TENANTS = ("acme", "globex")


def entries(count):
    hours = ("2026-03-01T05", "2026-03-02T05")
    return [
        UsageEntry(TENANTS[n % 2], f"dec_{n}", hours[n // 2 % 2], {"predictions": 1, "charged": 1, "database_bytes": n})
        for n in range(count)
    ]


@dataclass
class Source:
    """Stream with crashing consumers. Failed entries return in new batches until all are counted."""

    random: Random
    waiting: list[list[UsageEntry]]
    deliveries: int = field(default=0)

    def consume(self, meter):
        while self.waiting:
            batch = self.waiting.pop(self.random.randrange(len(self.waiting)))
            self.deliveries += 1
            assert self.deliveries < 3000, "deliveries never end"
            try:
                failed = set(meter.count(batch))
            except (Unavailable, Crash):
                failed = {entry.key for entry in batch}
            again = [entry for entry in batch if entry.key in failed]
            half = len(again) // 2
            self.waiting += [part for part in (again[:half], again[half:]) if part]


def storm(bed, seed, count, kind=DynamoUsage):
    """Deliver all entries three times in random batches to three interleaved consumers under faults."""
    random, turns, table = Random(seed), Interleaving(seed), bed.table("Usage")
    batches = []
    for _ in range(3):
        order = entries(count)
        random.shuffle(order)
        while order:
            size = random.randint(1, 40)
            batches.append(order[:size])
            order = order[size:]
    client = inject(bed.client("dynamodb"), Seeded(seed, uniform_rates(0.04)), pause=turns.pause)
    source, meter = Source(random, batches), UsageCounter(kind(client, table))
    for end in turns.run([lambda: source.consume(meter)] * 3):
        assert end is None, end
    return DynamoUsage(bed.client("dynamodb"), table)


def counted(usage):
    return {tenant: sum_hours(usage.month(tenant, "2026-03").hours) for tenant in TENANTS}


def is_exact(usage, count):
    """Return True if the counters equal the sums of the entries."""
    for tenant, found in counted(usage).items():
        mine = [entry for entry in entries(count) if entry.tenant_id == tenant]
        expected = sum(entry.amounts["database_bytes"] for entry in mine)
        if found != {"predictions": len(mine), "charged": len(mine), "database_bytes": expected}:
            return False
    return True


@pytest.mark.parametrize(
    ("rounds", "count"), [(3, 120), pytest.param(10, 1000, marks=pytest.mark.faults)], ids=["120", "1000"]
)
def test_usage_counters_are_exact_under_duplicates_and_faults(bed, seeds, rounds, count):
    for seed in seeds(rounds):
        assert is_exact(storm(bed, seed, count), count), f"seed {seed} (VIGIL_FAULT_SEED={seed})"


def test_a_counter_without_deduplication_is_detected(bed, seeds):
    assert not is_exact(storm(bed, next(iter(seeds(1))), 40, Unmarked), 40)


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault != "partial"])
def test_a_batch_is_counted_once_despite_a_fault_at_any_call(bed, fault):
    number, reached = 0, True
    while reached:
        plan, table = At(number, fault), bed.table("Usage")
        source = Source(Random(1), [entries(4), entries(8)])
        source.consume(UsageCounter(DynamoUsage(inject(bed.client("dynamodb"), plan), table)))
        assert is_exact(DynamoUsage(bed.client("dynamodb"), table), 8), f"{fault} at call {number}"
        number, reached = number + 1, plan.reached
    assert number > 2
