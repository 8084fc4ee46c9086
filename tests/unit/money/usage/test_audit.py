"""An audit finds what counters lack, makes up for it where that can be told, and lowers nothing."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.fakes.clock import Clock
from tests.support.fakes.usage import FakeCalls, FakeRows, FakeUsage
from vigil.money.usage.audit import Audit
from vigil.money.usage.events.schemas import Amounts
from vigil.money.usage.model import REPORTED, Entry, Hour, total
from vigil.money.usage.recount_sources import CallCounts, Predictions, Reported
from vigil.money.usage.service import Meter
from vigil.money.usage.stream_entries import of_decision

SAMPLE = json.loads((Path(__file__).parents[4] / "events" / "metering_counters.json").read_text())
IMAGE = SAMPLE["Records"][0]["dynamodb"]["NewImage"]
DAY = "2026-02-28"


def image(number, tenant="acme"):
    return IMAGE | {
        "tenant_pk": {"S": tenant},
        "decision_id": {"S": f"dec_{number}"},
        "created_at": {"S": f"{DAY}T23:59:59.999999Z"},
    }


class World:
    """The first of March, five decisions of the last of February, and nothing counted yet."""

    def __init__(self):
        self.clock, self.usage, self.calls = Clock(), FakeUsage(), FakeCalls()
        self.rows = FakeRows(*(image(number) for number in range(5)))
        self.ledgers = [(self.rows, of_decision)]

    def audit(self):
        calls = CallCounts(self.calls, self.usage, self.clock)
        recounts = [Predictions(self.ledgers, self.usage), Reported(self.usage), calls]
        return Audit(recounts, self.usage, self.clock)

    def recount(self, tenants=("acme", "globex"), day=DAY):
        found = [one for tenant in tenants for one in self.audit().recount(tenant, day)]
        return [(one.tenant_id, one.day, one.meter, one.was, one.counted, one.rows) for one in found]

    def count(self, images):
        Meter(self.usage).count([of_decision(found) for found in images])

    def report(self, number, hour=f"{DAY}T05", **amounts):
        Meter(self.usage).count([Entry("acme", f"evt_{number}", hour, amounts, {"source": "s"})])

    def counted(self, meter, month="2026-02"):
        return total(self.usage.month("acme", month).hours).get(meter, 0)


@pytest.fixture
def world():
    return World()


def test_what_agrees_is_not_mentioned(world):
    world.count(world.rows.kept)
    world.report(1, emails=3, llm_input_tokens=70)
    assert world.recount() == []
    assert world.usage.findings == []


def test_what_is_missing_is_counted_and_noted_and_not_counted_again_when_it_comes(world):
    world.count(world.rows.kept[:2])
    assert world.recount() == [("acme", DAY, "predictions", 2, 5, 5)]
    assert [where for *where, _ in world.usage.findings] == [["acme", DAY, "predictions"]]
    world.count(world.rows.kept)
    assert world.recount() == []


def test_a_counter_above_the_ledger_stays_and_is_told(world):
    world.count(world.rows.kept)
    del world.rows.kept[0]
    assert world.recount() == [("acme", DAY, "predictions", 5, 5, 4)]
    assert world.audit().process_tenant("acme", DAY) == {"mismatches": 1, "unrepaired": 1}
    assert world.counted("predictions") == 5


class Thousands(FakeRows):
    """Rows that are a thousand predictions each."""

    def count(self, tenant_id, day):
        return 1000 * super().count(tenant_id, day)


def test_batches_are_recounted_beside_decisions(world):
    def of_chunk(found):
        return Entry("acme", found["decision_id"]["S"], f"{DAY}T05", {"predictions": 1000, "charged": 0})

    chunks = Thousands(*(image(f"b-{number}") for number in range(3)))
    world.ledgers.append((chunks, of_chunk))
    world.count(world.rows.kept[1:])
    Meter(world.usage).count([of_chunk(chunks.kept[0])])
    assert world.recount() == [("acme", DAY, "predictions", 1004, 3005, 3005)]
    assert world.recount() == []


def test_reported_use_is_recounted_meter_by_meter_and_a_difference_is_left_to_people(world):
    world.count(world.rows.kept)
    world.report(1, emails=3, sms_messages=1)
    world.report(2, emails=4)
    world.report(3, hour="2026-02-27T23", emails=100)
    world.usage.say("acme", f"{DAY}T05", {"emails": 6, "webhooks": 1})
    assert world.recount() == [("acme", DAY, "emails", 6, 6, 7), ("acme", DAY, "webhooks", 1, 1, 0)]
    assert world.counted("emails") == 106


def test_every_meter_that_events_may_tell_of_is_recounted():
    assert set(REPORTED) == Amounts.model_fields.keys()


class Busy(FakeUsage):
    """Counters to which somebody adds an event while they are read."""

    def kept(self, tenant_id, period):
        rows = list(super().kept(tenant_id, period))
        self.add([Entry("acme", f"evt_{len(self.counted)}", f"{DAY}T06", {"emails": 1}, {"source": "s"})])
        return iter(rows)


def test_what_is_reported_while_it_is_recounted_is_no_difference(world):
    world.usage = Busy()
    world.count(world.rows.kept)
    world.report("first", emails=3)
    assert world.recount(["acme"]) == []
    assert world.counted("emails") == 4


def test_calls_that_nobody_brought_in_are_found_by_the_next_audit_and_none_is_taken_away(world):
    world.count(world.rows.kept)
    world.calls.counted = {("acme", f"{DAY}T{hour:02}"): 10 for hour in range(24)}
    assert world.recount() == [("acme", DAY, "api_calls", 0, 240, 240)]
    assert world.recount() == []
    del world.calls.counted["acme", f"{DAY}T07"]
    assert world.recount() == [("acme", DAY, "api_calls", 240, 240, 230)]


def test_calls_of_the_running_hour_and_of_the_one_before_are_brought_in_as_they_stand(world):
    calls = CallCounts(world.calls, world.usage, world.clock)
    world.calls.counted = {("acme", f"2026-03-01T{hour:02}"): 10 for hour in range(13)}
    for _ in range(2):
        assert calls.look("acme") == 0
    assert world.usage.month("acme", "2026-03").hours == tuple(
        Hour(f"2026-03-01T{hour}", {"api_calls": 10}) for hour in (11, 12)
    )
    world.calls.counted["acme", "2026-03-01T12"] = 17
    calls.look("acme")
    assert world.counted("api_calls", "2026-03") == 27


def test_the_last_day_of_a_month_is_recounted_until_the_month_is_closed(world):
    world.count(world.rows.kept)
    late = image("late")
    world.rows.kept.append(late)  # of a batch that was asked for in February, and ended in March
    assert world.recount(day="2026-03-03") == [("acme", DAY, "predictions", 5, 6, 6)]
    world.rows.kept.append(image("later"))
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
