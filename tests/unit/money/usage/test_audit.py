"""An audit finds mismatches, repairs missing amounts and never lowers a counter."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.fakes.clock import Clock
from tests.support.fakes.usage import FakeLedgerRows, FakeRequestCounts, FakeUsage
from vigil.money.usage.audit import UsageAudit
from vigil.money.usage.events.schemas import UsageAmounts
from vigil.money.usage.model import REPORTED_METERS, UsageEntry, UsageHour, sum_hours
from vigil.money.usage.recount_sources import PredictionSource, ReportedUsageSource, RequestCountSource
from vigil.money.usage.service import UsageCounter
from vigil.money.usage.stream_entries import decision_entry

SAMPLE = json.loads((Path(__file__).parents[4] / "events" / "usage_counters.json").read_text())
IMAGE = SAMPLE["Records"][0]["dynamodb"]["NewImage"]
DAY = "2026-02-28"


def image(number, tenant="acme"):
    return IMAGE | {
        "tenant_pk": {"S": tenant},
        "decision_id": {"S": f"dec_{number}"},
        "created_at": {"S": f"{DAY}T23:59:59.999999Z"},
    }


class World:
    """1 March with five decisions of 28 February, not counted yet."""

    def __init__(self):
        self.clock, self.usage, self.calls = Clock(), FakeUsage(), FakeRequestCounts()
        self.rows = FakeLedgerRows(*(image(number) for number in range(5)))
        self.ledgers = [(self.rows, decision_entry)]

    def audit(self):
        calls = RequestCountSource(self.calls, self.usage, self.clock)
        recounts = [PredictionSource(self.ledgers, self.usage), ReportedUsageSource(self.usage), calls]
        return UsageAudit(recounts, self.usage, self.clock)

    def recount(self, tenants=("acme", "globex"), day=DAY):
        found = [one for tenant in tenants for one in self.audit().recount(tenant, day)]
        return [(one.tenant_id, one.day, one.meter, one.was, one.counted, one.rows) for one in found]

    def count(self, images):
        UsageCounter(self.usage).count([decision_entry(found) for found in images])

    def report(self, number, hour=f"{DAY}T05", **amounts):
        UsageCounter(self.usage).count([UsageEntry("acme", f"evt_{number}", hour, amounts, {"source": "s"})])

    def counted(self, meter, month="2026-02"):
        return sum_hours(self.usage.month("acme", month).hours).get(meter, 0)


@pytest.fixture
def world():
    return World()


def test_counters_that_agree_give_no_finding(world):
    world.count(world.rows.rows)
    world.report(1, emails=3, llm_input_tokens=70)
    assert world.recount() == []
    assert world.usage.findings == []


def test_missing_rows_are_counted_once_and_recorded_as_a_finding(world):
    world.count(world.rows.rows[:2])
    assert world.recount() == [("acme", DAY, "predictions", 2, 5, 5)]
    assert [where for *where, _ in world.usage.findings] == [["acme", DAY, "predictions"]]
    world.count(world.rows.rows)
    assert world.recount() == []


def test_a_counter_above_the_ledger_stays_and_is_reported(world):
    world.count(world.rows.rows)
    del world.rows.rows[0]
    assert world.recount() == [("acme", DAY, "predictions", 5, 5, 4)]
    assert world.audit().process_tenant("acme", DAY) == {"mismatches": 1, "unrepaired": 1}
    assert world.counted("predictions") == 5


class Thousands(FakeLedgerRows):
    """Rows with a thousand predictions each."""

    def count(self, tenant_id, day):
        return 1000 * super().count(tenant_id, day)


def test_batches_and_decisions_are_recounted_together(world):
    def of_chunk(found):
        return UsageEntry("acme", found["decision_id"]["S"], f"{DAY}T05", {"predictions": 1000, "charged": 0})

    chunks = Thousands(*(image(f"b-{number}") for number in range(3)))
    world.ledgers.append((chunks, of_chunk))
    world.count(world.rows.rows[1:])
    UsageCounter(world.usage).count([of_chunk(chunks.rows[0])])
    assert world.recount() == [("acme", DAY, "predictions", 1004, 3005, 3005)]
    assert world.recount() == []


def test_reported_usage_is_recounted_by_meter_without_repair(world):
    world.count(world.rows.rows)
    world.report(1, emails=3, sms_messages=1)
    world.report(2, emails=4)
    world.report(3, hour="2026-02-27T23", emails=100)
    world.usage.set_amounts("acme", f"{DAY}T05", {"emails": 6, "webhooks": 1})
    assert world.recount() == [("acme", DAY, "emails", 6, 6, 7), ("acme", DAY, "webhooks", 1, 1, 0)]
    assert world.counted("emails") == 106


def test_every_meter_of_usage_events_is_recounted():
    assert set(REPORTED_METERS) == UsageAmounts.model_fields.keys()


class Busy(FakeUsage):
    """Counters to which an event is added during each read."""

    def reported_entries(self, tenant_id, period):
        rows = list(super().reported_entries(tenant_id, period))
        self.add([UsageEntry("acme", f"evt_{len(self.counted)}", f"{DAY}T06", {"emails": 1}, {"source": "s"})])
        return iter(rows)


def test_usage_reported_during_a_recount_is_no_mismatch(world):
    world.usage = Busy()
    world.count(world.rows.rows)
    world.report("first", emails=3)
    assert world.recount(["acme"]) == []
    assert world.counted("emails") == 4


def test_missing_calls_are_repaired_and_never_removed(world):
    world.count(world.rows.rows)
    world.calls.counted = {("acme", f"{DAY}T{hour:02}"): 10 for hour in range(24)}
    assert world.recount() == [("acme", DAY, "api_calls", 0, 240, 240)]
    assert world.recount() == []
    del world.calls.counted["acme", f"{DAY}T07"]
    assert world.recount() == [("acme", DAY, "api_calls", 240, 240, 230)]


def test_calls_of_the_current_and_previous_hour_are_copied(world):
    calls = RequestCountSource(world.calls, world.usage, world.clock)
    world.calls.counted = {("acme", f"2026-03-01T{hour:02}"): 10 for hour in range(13)}
    for _ in range(2):
        assert calls.run("acme") == 0
    assert world.usage.month("acme", "2026-03").hours == tuple(
        UsageHour(f"2026-03-01T{hour}", {"api_calls": 10}) for hour in (11, 12)
    )
    world.calls.counted["acme", "2026-03-01T12"] = 17
    calls.run("acme")
    assert world.counted("api_calls", "2026-03") == 27


def test_the_last_day_of_a_month_is_recounted_until_it_is_closed(world):
    world.count(world.rows.rows)
    late = image("late")
    world.rows.rows.append(late)  # of a batch that was created in February and ended in March
    assert world.recount(day="2026-03-03") == [("acme", DAY, "predictions", 5, 6, 6)]
    world.rows.rows.append(image("later"))
    assert world.recount(day="2026-03-04") == []


@pytest.mark.parametrize(
    ("now", "last", "due"),
    [
        ("2026-03-02T00:59", "2026-02-28", None),
        ("2026-03-02T01:00", "2026-02-28", "2026-03-01"),
        ("2026-03-02T23:00", "2026-03-01", None),
        ("2026-03-02T12:00", "", "2026-03-01"),
        ("2026-03-07T12:00", "2026-03-01", "2026-03-02"),  # after an outage, one day after the other
        ("2026-03-20T12:00", "2026-03-01", "2026-03-13"),
    ],
)
def test_every_day_is_recounted_once_an_hour_after_its_end(world, now, last, due):
    world.clock.now = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert world.audit().next_sweep(last) == due
