"""Usage events and month closing on DynamoDB under faults: counters, entries and statements agree."""

from datetime import UTC, datetime

import pytest

from tests.support.fakes.clock import Clock
from tests.support.faultbed.faults import FAULTS, Crash
from tests.support.faultbed.plans import At, Seeded, inject, uniform_rates
from vigil.errors import Unavailable
from vigil.money.costs.closing import MonthClosing
from vigil.money.costs.model import sum_micros
from vigil.money.costs.prices.store import DynamoPriceBooks
from vigil.money.costs.service import Costs
from vigil.money.costs.store import DynamoStatements
from vigil.money.usage.events.service import UsageEvents
from vigil.money.usage.model import UsageEntry
from vigil.money.usage.model import sum_hours as counted
from vigil.money.usage.service import Usage, UsageCounter
from vigil.money.usage.store import DynamoUsage

QUICK = ("crash_after", "resent", "stale")
"""Faults of `make test`: work done twice, a request sent twice, and an old item read. The others are marked."""
REPORTED = datetime(2026, 11, 30, 12, tzinfo=UTC)
CLOSED = datetime(2026, 12, 4, tzinfo=UTC)


def event(number):
    told = {"specversion": "1.0", "type": "vigil.usage", "source": "/mail", "id": str(number)}
    return told | {"time": f"2026-11-{1 + number % 30:02d}T0{number % 10}:00:00Z", "data": {"emails": number + 1}}


def until_done(step):
    """Repeat a step until it succeeds, as queues and schedules do."""
    for _ in range(200):
        try:
            return step()
        except (Unavailable, Crash):
            continue
    raise AssertionError("the step failed 200 times")


class Month:
    """November of one tenant. Events and closing use a client with faults, checks use one without."""

    def __init__(self, bed, plan):
        self.tables = bed.table("Usage"), bed.table("Costs")
        self.faulty_client, self.client = inject(bed.client("dynamodb"), plan), bed.client("dynamodb")
        self.clock = Clock()
        self.clock.now = REPORTED

    def usage(self, client):
        return DynamoUsage(client, self.tables[0])

    def costs(self, client):
        statements = DynamoStatements(client, self.tables[1])
        return Costs(Usage(self.usage(client)), DynamoPriceBooks(client, self.tables[1]), statements)

    def report(self, events):
        meter = UsageCounter(self.usage(self.faulty_client))
        until_done(lambda: UsageEvents(meter, lambda: REPORTED).record("acme", events))

    def close(self):
        statements = DynamoStatements(self.faulty_client, self.tables[1])
        closing = MonthClosing(self.costs(self.faulty_client), statements, self.clock)
        until_done(lambda: closing.process_tenant("acme", "a day"))

    def run_month(self, events):
        """Report the events twice, close the month, count a late prediction and adjust the month."""
        for _ in range(2):
            self.report(events)
        self.clock.now = CLOSED
        self.close()
        late = UsageEntry("acme", "dec_late", "2026-11-30T23", {"predictions": 3})
        until_done(lambda: UsageCounter(self.usage(self.faulty_client)).count([late]))
        self.close()

    def is_exact(self, events):
        """Return True if counters, entries, statement and adjustment agree."""
        emails = sum(sent["data"]["emails"] for sent in events)
        usage, costs = self.usage(self.client), self.costs(self.client)
        rows = sum(entry.amounts["emails"] for entry in usage.reported_entries("acme", "2026-11"))
        counters = counted(usage.month("acme", "2026-11").hours)
        lines = {month: costs.lines("acme", month) for month in ("2026-11", "2026-12")}
        assert (rows, counters) == (emails, {"emails": emails, "predictions": 3})
        assert sum_micros(lines["2026-11"]) + sum_micros(lines["2026-12"]) == emails * 100 + 3_000
        return [line.adjusts for line in lines["2026-12"]] == ["2026-11"]


@pytest.mark.parametrize(
    "fault", [*QUICK, *(pytest.param(fault, marks=pytest.mark.faults) for fault in FAULTS if fault not in QUICK)]
)
def test_a_month_is_billed_exactly_despite_a_fault_at_any_call(bed, fault):
    events, number, reached = [event(0), event(1)], 0, True
    while reached:
        plan = At(number, fault)
        month = Month(bed, plan)
        month.run_month(events)
        assert month.is_exact(events), f"{fault} at call {number}"
        number, reached = number + 1, plan.reached
    assert number > 10


@pytest.mark.parametrize("count", [90, pytest.param(1_000, marks=pytest.mark.faults)])
def test_usage_events_are_counted_once_under_faults(bed, seeds, count):
    for seed in seeds(1):
        month, events = Month(bed, Seeded(seed, uniform_rates(0.05))), [event(number) for number in range(count)]
        for start in range(0, count, 60):
            month.report(events[start : start + 60])
        month.run_month(events[:60])
        assert month.is_exact(events), f"seed {seed} (VIGIL_FAULT_SEED={seed})"
