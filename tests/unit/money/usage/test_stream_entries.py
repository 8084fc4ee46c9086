"""What changes of rows amount to, and what is stored hour by hour."""

import json
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fakes.clock import Clock
from tests.support.fakes.usage import FakeStorage, FakeUsage
from vigil.money.usage.model import Entry, Held, Hour
from vigil.money.usage.service import Meter
from vigil.money.usage.storage_meter import Gauges
from vigil.money.usage.stream_entries import of_change, of_chunk, of_decision, stored_bytes

SAMPLE = json.loads((Path(__file__).parents[4] / "events" / "metering_counters.json").read_text())
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
"""The one that has ended."""


def change(old, new, position="7", at=1_772_370_000):
    """Return a stream record of an item that became another one; there is no item before, or none after."""
    keys = {name: value for name, value in (new or old).items() if name in {"pk", "sk"}}
    images = {name: image for name, image in (("OldImage", old), ("NewImage", new)) if image}
    told = {"Keys": keys, "SequenceNumber": position, "ApproximateCreationDateTime": at}
    return {"eventName": "MODIFY", "dynamodb": {**told, **images}}


def test_a_new_decision_is_one_entry_of_its_tenant_and_hour():
    (entry,) = of_change(NEW)
    assert entry == of_decision(IMAGE)
    assert (entry.tenant_id, entry.hour) == ("demo-clinic", "2026-01-01T00")
    assert entry.amounts == {"predictions": 1, "charged": 0, "database_bytes": stored_bytes(IMAGE)}
    assert of_decision(IMAGE | {"charged": {"BOOL": True}}).amounts["charged"] == 1


def test_a_chunk_that_became_done_is_an_entry_by_its_own_name_beside_what_the_item_grew():
    predicted, grown = of_change(change(WAITING, DONE))
    assert predicted == Entry("acme", "bat_1.000007", "2026-03-01T13", {"predictions": 48, "charged": 40})
    assert predicted == of_chunk(DONE)
    assert grown == Entry(
        "acme",
        "bat_1#CHUNK#000007@7",
        "2026-03-01T13",
        {"database_bytes": stored_bytes(DONE) - stored_bytes(WAITING)},
    )


def test_a_chunk_that_was_done_before_is_none_again():
    (grown,) = of_change(change(DONE, DONE | {"reason": {"S": "because"}}))
    assert grown.amounts == {"database_bytes": len("reason" + "because")}
    assert of_change(change(DONE, DONE)) == []


def test_what_is_erased_or_emptied_takes_its_bytes_away():
    tombstone = {name: value for name, value in IMAGE.items() if name != "summary"}
    (emptied,) = of_change(change(IMAGE, tombstone))
    (erased,) = of_change(change(tombstone, None))
    assert sum(e.amounts["database_bytes"] for e in (of_decision(IMAGE), emptied, erased)) == 0
    assert emptied.tenant_id == erased.tenant_id == "demo-clinic"


def test_the_streams_own_client_and_lambda_tell_the_same_hour():
    moment = datetime(2026, 3, 1, 13, 5, tzinfo=UTC)
    told = [of_change(change(None, WAITING, at=at)) for at in (moment, moment.timestamp())]
    assert (
        told[0]
        == told[1]
        == [Entry("acme", "bat_1#CHUNK#000007@7", "2026-03-01T13", {"database_bytes": stored_bytes(WAITING)})]
    )


def test_what_is_no_row_of_ours_is_an_error():
    with pytest.raises(KeyError):
        of_change(change(None, {"pk": {"S": "acme#x"}, "decision_id": {"S": "dec"}}))


def test_the_size_of_a_row_follows_dynamodbs_rules_with_its_copies():
    row = {
        "pk": {"S": "ab"},  # 2 + 2
        "tenant_pk": {"S": "é"},  # 9 + 2: UTF-8
        "subject_pk": {"S": "s"},  # 10 + 1
        "time_sk": {"S": "t"},  # 7 + 1
        "summary": {"S": "{}"},  # 7 + 2
        "n": {"N": "12345"},  # 1 + 4: two digits to a byte, and one
        "b": {"BOOL": True},  # 1 + 1
    }
    table = 4 + 11 + 11 + 8 + 9 + 5 + 2 + 100
    by_tenant, by_subject = 4 + 11 + 8 + 9 + 100, 4 + 11 + 8 + 9 + 100
    assert stored_bytes(row) == table + by_tenant + by_subject
    compared = row | {"comparison_pk": {"S": "c"}, "comparison": {"S": "{}"}}  # 13 + 1, 10 + 2
    by_comparison = 4 + 14 + 8 + 12 + 11 + 100
    assert stored_bytes(compared) == stored_bytes(row) + 14 + 12 + by_comparison
    listed = {"pk": {"S": "a"}, "list_pk": {"S": "a"}, "list_sk": {"S": "b"}, "ids": {"SS": ["x", "yz"]}}
    assert stored_bytes(listed) == 2 * (3 + 8 + 8 + 6 + 100)


@pytest.fixture
def world():
    """Noon; nothing is stored."""
    clock, usage, storage = Clock(), FakeUsage(), FakeStorage()
    return Gauges(usage, storage, clock), clock, usage, storage


def grow(usage, hour, amount, tenant="acme"):
    Meter(usage).count([Entry(tenant, f"row-{next(ROWS)}", hour, {"database_bytes": amount})])


def gauges(usage, meter):
    return {h.hour: h.amounts[meter] for h in usage.month("acme", "2026-03").hours if meter in h.amounts}


def test_an_hour_holds_what_there_was_at_its_end_though_rows_came_and_went_after_it(world):
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
    assert usage.held("acme") == Held(700, 1120)


def test_hours_are_said_once_however_often_and_late_they_are_measured(world):
    measure, clock, usage, storage = world
    grow(usage, "2026-03-01T11", 100)
    storage.bytes = {"acme": 1}
    for _ in range(3):
        measure.process_tenant("acme", HOUR)
    clock.advance(hours=3)  # nobody measured for two hours
    measure.process_tenant("acme", "2026-03-01T14")
    hours = [f"2026-03-01T{hour}" for hour in (11, 12, 13, 14)]
    assert gauges(usage, "database_byte_hours") == dict.fromkeys(hours, 100)
    assert gauges(usage, "storage_byte_hours") == {hours[0]: 1, hours[3]: 1}


def test_a_tenant_that_was_erased_is_not_written_again(world):
    measure, _, usage, storage = world
    storage.bytes = {"acme": 5}
    grow(usage, "2026-03-01T11", -100)  # its rows went after what was counted of them
    assert measure.process_tenant("acme", HOUR) == {"held": 0}
    assert usage.month("acme", "2026-03").hours == ()


@given(st.lists(st.tuples(st.integers(6, 12), st.integers(0, 100)), max_size=20))
def test_byte_hours_are_the_running_sum_of_what_the_hours_added(growths):
    usage = FakeUsage()
    for hour, amount in growths:
        grow(usage, f"2026-03-01T{hour:02d}", amount)
    Gauges(usage, FakeStorage(), Clock()).process_tenant("acme", HOUR)
    expected = {f"2026-03-01T{end:02d}": sum(a for hour, a in growths if hour <= end) for end in range(6, 12)}
    assert gauges(usage, "database_byte_hours") == {hour: held for hour, held in expected.items() if held}


def test_an_hour_is_what_is_counted_and_what_is_said_of_it(world):
    measure, _, usage, _ = world
    grow(usage, "2026-03-01T11", 100)
    measure.process_tenant("acme", HOUR)
    said = Hour("2026-03-01T11", {"database_bytes": 100, "database_byte_hours": 100})
    assert usage.month("acme", "2026-03").hours == (said,)


@pytest.mark.parametrize(("minutes", "last", "due"), [(4, HOUR, None), (5, "2026-03-01T10", HOUR), (59, HOUR, None)])
def test_a_round_is_due_once_an_hour_when_the_last_one_has_ended(world, minutes, last, due):
    measure, clock, _, _ = world
    clock.advance(minutes=minutes)
    assert measure.next_sweep(last) == due


def test_a_round_that_ends_late_says_its_own_hour(world):
    measure, clock, usage, storage = world
    grow(usage, HOUR, 100)
    storage.bytes = {"acme": 7}
    clock.advance(hours=9)
    measure.process_tenant("acme", HOUR)
    assert gauges(usage, "storage_byte_hours") == {HOUR: 7}
