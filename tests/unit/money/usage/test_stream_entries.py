"""Usage entries of row changes, and hourly measurement of stored bytes."""

import base64
import json
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fakes.clock import Clock
from tests.support.fakes.usage import FakeStoredFiles, FakeUsage
from vigil.money.usage.model import StoredBytes, UsageEntry, UsageHour
from vigil.money.usage.service import UsageCounter
from vigil.money.usage.storage_meter import StorageMeter
from vigil.money.usage.stream_entries import change_entries, chunk_entry, decision_entry, item_bytes

SAMPLE = json.loads((Path(__file__).parents[4] / "events" / "usage_counters.json").read_text())
NEW = SAMPLE["Records"][0]
IMAGE = NEW["dynamodb"]["NewImage"]
WAITING = {
    "pk": {"S": "acme#bat_1"},
    "sk": {"S": "CHUNK#000007"},
    "index": {"N": "7"},
    "state": {"S": "waiting"},
    "rows": {"N": "50"},
}
DONE = WAITING | {
    "state": {"S": "done"},
    "scored": {"N": "48"},
    "charged": {"N": "40"},
    "part_sha256": {"S": "d"},
    "settled_at": {"S": "2026-03-01T13:59:59.999999Z"},
}
ROWS = count()
HOUR = "2026-03-01T11"
"""Hour that has just ended."""


def change(old, new, position="7", at=1_772_370_000):
    """Return the stream record of a change; `old` is None for a new item, `new` for a deleted one."""
    keys = {name: value for name, value in (new or old).items() if name in {"pk", "sk"}}
    images = {name: image for name, image in (("OldImage", old), ("NewImage", new)) if image}
    fields = {"Keys": keys, "SequenceNumber": position, "ApproximateCreationDateTime": at}
    return {"eventName": "MODIFY", "dynamodb": {**fields, **images}}


def test_a_new_decision_is_one_entry_of_its_tenant_and_hour():
    (entry,) = change_entries(NEW)
    assert entry == decision_entry(IMAGE)
    assert (entry.tenant_id, entry.hour) == ("demo-clinic", "2026-01-01T00")
    assert entry.amounts == {"predictions": 1, "charged": 0, "database_bytes": item_bytes(IMAGE)}
    assert decision_entry(IMAGE | {"charged": {"BOOL": True}}).amounts["charged"] == 1


def test_a_completed_chunk_has_an_entry_besides_its_growth():
    predicted, grown = change_entries(change(WAITING, DONE))
    assert predicted == UsageEntry("acme", "bat_1.000007", "2026-03-01T13", {"predictions": 48, "charged": 40})
    assert predicted == chunk_entry(DONE)
    assert grown == UsageEntry(
        "acme",
        "bat_1#CHUNK#000007@7",
        "2026-03-01T13",
        {"database_bytes": item_bytes(DONE) - item_bytes(WAITING)},
    )


def test_a_change_of_a_completed_chunk_counts_its_growth_only():
    (grown,) = change_entries(change(DONE, DONE | {"reason": {"S": "because"}}))
    assert grown.amounts == {"database_bytes": len("reason" + "because")}
    assert change_entries(change(DONE, DONE)) == []


def test_erased_and_emptied_rows_reduce_the_stored_bytes():
    tombstone = {name: value for name, value in IMAGE.items() if name != "summary"}
    (emptied,) = change_entries(change(IMAGE, tombstone))
    (erased,) = change_entries(change(tombstone, None))
    assert sum(e.amounts["database_bytes"] for e in (decision_entry(IMAGE), emptied, erased)) == 0
    assert emptied.tenant_id == erased.tenant_id == "demo-clinic"


def test_records_of_the_stream_client_and_lambda_have_the_same_hour():
    moment = datetime(2026, 3, 1, 13, 5, tzinfo=UTC)
    found = [change_entries(change(None, WAITING, at=at)) for at in (moment, moment.timestamp())]
    assert (
        found[0]
        == found[1]
        == [UsageEntry("acme", "bat_1#CHUNK#000007@7", "2026-03-01T13", {"database_bytes": item_bytes(WAITING)})]
    )


def test_an_unknown_row_raises_key_error():
    with pytest.raises(KeyError):
        change_entries(change(None, {"pk": {"S": "acme#x"}, "decision_id": {"S": "dec"}}))


def test_the_size_of_an_item_follows_dynamodb_rules_with_copies():
    row = {
        "pk": {"S": "ab"},  # 2 + 2
        "tenant_pk": {"S": "é"},  # 9 + 2: UTF-8
        "subject_pk": {"S": "s"},  # 10 + 1
        "time_sk": {"S": "t"},  # 7 + 1
        "summary": {"S": "{}"},  # 7 + 2
        "n": {"N": "12345"},  # 1 + 4: two digits per byte, and one byte
        "b": {"BOOL": True},  # 1 + 1
    }
    table = 4 + 11 + 11 + 8 + 9 + 5 + 2 + 100
    by_tenant, by_subject = 4 + 11 + 8 + 9 + 100, 4 + 11 + 8 + 9 + 100
    assert item_bytes(row) == table + by_tenant + by_subject
    compared = row | {"comparison_pk": {"S": "c"}, "comparison": {"S": "{}"}}  # 13 + 1, 10 + 2
    by_comparison = 4 + 14 + 8 + 12 + 11 + 100
    assert item_bytes(compared) == item_bytes(row) + 14 + 12 + by_comparison
    listed = {"pk": {"S": "a"}, "list_pk": {"S": "a"}, "list_sk": {"S": "b"}, "ids": {"SS": ["x", "yz"]}}
    assert item_bytes(listed) == 2 * (3 + 8 + 8 + 6 + 100)


@pytest.mark.parametrize("content", [b"\x00" * 31, base64.b64encode(b"\x00" * 31).decode()])
def test_the_size_of_a_binary_value_is_that_of_its_bytes(content):
    """Lambda's records have base64 where a client has bytes."""
    assert item_bytes({"pk": {"S": "a"}, "packed": {"B": content}}) == 3 + 6 + 31 + 100


@pytest.fixture
def world():
    """A storage meter at noon, without stored data."""
    clock, usage, storage = Clock(), FakeUsage(), FakeStoredFiles()
    return StorageMeter(usage, storage, clock), clock, usage, storage


def grow(usage, hour, amount, tenant="acme"):
    UsageCounter(usage).count([UsageEntry(tenant, f"row-{next(ROWS)}", hour, {"database_bytes": amount})])


def gauges(usage, meter):
    return {h.hour: h.amounts[meter] for h in usage.month("acme", "2026-03").hours if meter in h.amounts}


def test_an_hour_has_the_bytes_at_its_end_despite_later_changes(world):
    measure, _, usage, storage = world
    storage.bytes = {"acme": 700, "unknown": 5}
    for hour, amount in (("09", 100), ("10", 50), ("11", -30), ("12", 1000)):
        grow(usage, f"2026-03-01T{hour}", amount)
    assert measure.process_tenant("acme", HOUR) == {"held": 1}
    assert measure.process_tenant("globex", HOUR) == {"held": 0}
    assert gauges(usage, "database_byte_hours") == {
        "2026-03-01T09": 100,
        "2026-03-01T10": 150,
        "2026-03-01T11": 120,
    }
    assert gauges(usage, "storage_byte_hours") == {"2026-03-01T11": 700}
    assert usage.stored_bytes("acme") == StoredBytes(700, 1120)


def test_repeated_and_late_measurements_record_each_hour_once(world):
    measure, clock, usage, storage = world
    grow(usage, "2026-03-01T11", 100)
    storage.bytes = {"acme": 1}
    for _ in range(3):
        measure.process_tenant("acme", HOUR)
    clock.advance(hours=3)  # no measurement for two hours
    measure.process_tenant("acme", "2026-03-01T14")
    hours = [f"2026-03-01T{hour}" for hour in (11, 12, 13, 14)]
    assert gauges(usage, "database_byte_hours") == dict.fromkeys(hours, 100)
    assert gauges(usage, "storage_byte_hours") == {hours[0]: 1, hours[3]: 1}


def test_an_erased_tenant_is_not_written_again(world):
    measure, _, usage, storage = world
    storage.bytes = {"acme": 5}
    grow(usage, "2026-03-01T11", -100)  # its rows were deleted after its counters
    assert measure.process_tenant("acme", HOUR) == {"held": 0}
    assert usage.month("acme", "2026-03").hours == ()


@given(st.lists(st.tuples(st.integers(6, 12), st.integers(0, 100)), max_size=20))
def test_byte_hours_are_the_running_sum_of_growth(growths):
    usage = FakeUsage()
    for hour, amount in growths:
        grow(usage, f"2026-03-01T{hour:02d}", amount)
    StorageMeter(usage, FakeStoredFiles(), Clock()).process_tenant("acme", HOUR)
    expected = {f"2026-03-01T{end:02d}": sum(a for hour, a in growths if hour <= end) for end in range(6, 12)}
    assert gauges(usage, "database_byte_hours") == {hour: held for hour, held in expected.items() if held}


def test_an_hour_has_its_counters_and_its_gauges(world):
    measure, _, usage, _ = world
    grow(usage, "2026-03-01T11", 100)
    measure.process_tenant("acme", HOUR)
    expected = UsageHour("2026-03-01T11", {"database_bytes": 100, "database_byte_hours": 100})
    assert usage.month("acme", "2026-03").hours == (expected,)


@pytest.mark.parametrize(("minutes", "last", "due"), [(4, HOUR, None), (5, "2026-03-01T10", HOUR), (59, HOUR, None)])
def test_a_sweep_is_due_once_an_hour_after_its_end(world, minutes, last, due):
    measure, clock, _, _ = world
    clock.advance(minutes=minutes)
    assert measure.next_sweep(last) == due


def test_a_late_sweep_records_its_own_hour(world):
    measure, clock, usage, storage = world
    grow(usage, HOUR, 100)
    storage.bytes = {"acme": 7}
    clock.advance(hours=9)
    measure.process_tenant("acme", HOUR)
    assert gauges(usage, "storage_byte_hours") == {HOUR: 7}
