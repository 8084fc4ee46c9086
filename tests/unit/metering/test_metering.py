"""Counting is exact whatever is delivered, and an audit finds and makes up for what is missing."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.clock import Clock
from tests.fakes.metering import FakeCalls, FakeRows, FakeUsage
from vigil.errors import Unavailable
from vigil.metering.audit import Audit
from vigil.metering.model import MOST_PARTS, Day, Entry, Hour, MonthOfUse, packed, total
from vigil.metering.rows import of_decision
from vigil.metering.service import Meter, Usage

SAMPLE = json.loads((Path(__file__).parents[3] / "events" / "metering_counters.json").read_text())
DAY = "2026-02-28"
IMAGE = SAMPLE["Records"][0]["dynamodb"]["NewImage"]

entries = st.builds(
    lambda tenant, number, hour: Entry(tenant, f"dec_{number}", f"2026-03-01T{hour:02d}", {"predictions": 1}),
    st.sampled_from(["acme", "globex", "initech"]),
    st.integers(0, 300),
    st.integers(0, 23),
)


def predictions(usage, month, tenant="acme"):
    return total(usage.month(tenant, month).hours).get("predictions", 0)


def image(number, tenant="acme", day="2026-02-28"):
    return IMAGE | {
        "tenant_pk": {"S": tenant},
        "decision_id": {"S": f"dec_{number}"},
        "created_at": {"S": f"{day}T23:59:59.999999Z"},
    }


def test_days_and_the_whole_are_sums_of_hours():
    hours = (
        Hour("2026-03-01T00", {"predictions": 1}),
        Hour("2026-03-01T23", {"predictions": 2, "emails": 1}),
        Hour("2026-03-03T05", {"api_calls": 4}),
    )
    month = MonthOfUse("2026-03", hours, 0)
    assert month.days == (Day("2026-03-01", {"predictions": 3, "emails": 1}), Day("2026-03-03", {"api_calls": 4}))
    assert total(month.hours) == {"predictions": 3, "emails": 1, "api_calls": 4}


@given(st.lists(entries, max_size=400))
def test_groups_fit_a_transaction_and_hold_every_entry_once(given_entries):
    groups = list(packed(given_entries))
    held = [(entry.tenant_id, entry.entry_id) for group in groups for entry in group]
    assert sorted(held) == sorted({(entry.tenant_id, entry.entry_id) for entry in given_entries})
    for group in groups:
        hours = {(entry.tenant_id, entry.hour) for entry in group}
        assert len(group) + len(hours) + len({tenant for tenant, _ in hours}) <= MOST_PARTS


@given(st.lists(st.lists(entries, max_size=60), max_size=8), st.integers(0, 3))
def test_deliveries_in_any_order_cut_and_number_count_each_entry_once(batches, failures):
    usage, expected = FakeUsage(), {}
    meter, usage.failures = Meter(usage), failures
    for batch in batches:
        for entry in batch:
            expected.setdefault((entry.tenant_id, entry.entry_id), entry)
        waiting = batch
        while waiting:
            try:
                again = set(meter.count(waiting))
            except Unavailable:
                continue
            waiting = [entry for entry in waiting if entry.name in again]
    counted = sum(predictions(usage, "2026-03", tenant) for tenant in ("acme", "globex", "initech"))
    assert counted == len(expected)


def test_a_group_that_cannot_be_counted_comes_again_and_the_others_do_not():
    usage = FakeUsage()
    usage.failures = 1
    batch = [Entry("acme", f"dec_{number}", "2026-03-01T00", {"predictions": 1}) for number in range(150)]
    again = Meter(usage).count(batch)
    assert len(again) == 98
    assert predictions(usage, "2026-03") == 52


def test_when_nothing_could_be_counted_the_batch_fails_as_a_whole():
    usage = FakeUsage()
    usage.failures = 1
    with pytest.raises(Unavailable):
        Meter(usage).count([Entry("acme", "dec_1", "2026-03-01T00", {"predictions": 1})])


@pytest.fixture
def world():
    """An audit on the first of March of what was on the last of February."""
    clock, rows, usage, calls = Clock(), FakeRows(*(image(number) for number in range(5))), FakeUsage(), FakeCalls()
    return Audit([(rows, of_decision)], usage, calls, clock), rows, usage, calls


def count(usage, images):
    Meter(usage).count([of_decision(found) for found in images])


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
def test_every_day_is_recounted_once_an_hour_after_its_end(now, last, due):
    clock = Clock()
    clock.now = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert Audit([], FakeUsage(), FakeCalls(), clock).due(last) == due


def test_what_agrees_is_not_mentioned(world):
    audit, rows, usage, _ = world
    count(usage, rows.kept)
    assert audit.look("acme", DAY) == {"mismatches": 0, "unrepaired": 0}
    assert usage.findings == []


def test_what_is_missing_is_counted_and_noted_and_not_counted_again_when_it_comes(world):
    audit, rows, usage, _ = world
    count(usage, rows.kept[:2])
    finding = audit.recount("acme", DAY)
    assert (finding.tenant_id, finding.day, finding.was, finding.counted, finding.rows) == (
        "acme",
        "2026-02-28",
        2,
        5,
        5,
    )
    assert finding.repaired
    assert [(tenant, day) for tenant, day, _ in usage.findings] == [("acme", "2026-02-28")]
    count(usage, rows.kept)
    assert audit.recount("acme", DAY) is None


def test_a_counter_above_the_ledger_stays_and_is_told(world):
    audit, rows, usage, _ = world
    count(usage, rows.kept)
    del rows.kept[0]
    finding = audit.recount("acme", DAY)
    assert not finding.repaired
    assert predictions(usage, "2026-02") == 5
    assert audit.look("acme", DAY) == {"mismatches": 1, "unrepaired": 1}


class Predictions(FakeRows):
    """Rows that are several predictions each."""

    def count(self, tenant_id, day):
        return 1000 * super().count(tenant_id, day)


def test_batches_are_recounted_beside_decisions(world):
    _, rows, usage, calls = world
    chunks = Predictions(*(image(f"b-{number}") for number in range(3)))

    def of_chunk(found):
        return Entry("acme", found["decision_id"]["S"], "2026-02-28T05", {"predictions": 1000, "charged": 0})

    audit = Audit([(rows, of_decision), (chunks, of_chunk)], usage, calls, Clock())
    count(usage, rows.kept[1:])
    Meter(usage).count([of_chunk(chunks.kept[0])])
    finding = audit.recount("acme", DAY)
    assert (finding.was, finding.counted, finding.rows) == (1004, 3005, 3005)
    assert audit.recount("acme", DAY) is None


def test_only_hours_that_have_ended_are_brought_in(world):
    audit, _, usage, calls = world
    calls.made = {("acme", f"2026-03-01T{hour:02d}"): 10 for hour in range(13)}
    assert audit.bring_in_calls() == 6
    ended = tuple(Hour(f"2026-03-01T{hour:02d}", {"api_calls": 10}) for hour in range(6, 12))  # the twelfth has begun
    assert Usage(usage).hours("acme", "2026-03") == ended
