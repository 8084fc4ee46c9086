"""A usage event counts once, in the hour of its time, however often it is reported."""

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fakes.clock import Clock
from tests.support.fakes.usage import FakeUsage
from vigil.errors import InvalidInput, MalformedRequest, Unavailable
from vigil.money.usage.events.service import UsageEvents
from vigil.money.usage.events.stream import UsageEventWorker
from vigil.money.usage.model import MAX_DAILY_UNITS, MAX_EVENT_UNITS, sum_hours
from vigil.money.usage.service import UsageCounter
from vigil.runtime import telemetry
from vigil.workers.queues import Message
from vigil.workers.worker_loop import Deadline

NOW = Clock()()


def sent(number=1, source="/assistant", ago=timedelta(minutes=5), **more):
    event = {
        "specversion": "1.0",
        "type": "vigil.usage",
        "source": source,
        "id": f"e-{number}",
        "time": (NOW - ago).isoformat(),
        "data": {"llm_input_tokens": 1_000, "llm_output_tokens": 50},
    }
    return event | more


@pytest.fixture
def usage():
    return FakeUsage()


@pytest.fixture
def events(usage):
    return UsageEvents(UsageCounter(usage), Clock())


def statuses(outcomes):
    return [outcome.status for outcome in outcomes]


def month(usage, tenant="acme", month="2026-03"):
    return sum_hours(usage.month(tenant, month).hours)


def test_an_event_counts_once_in_its_own_hour_and_is_stored(events, usage):
    long_ago = sent(2, ago=timedelta(days=40))
    assert statuses(events.record("acme", [sent(), long_ago])) == ["counted", "counted"]
    assert statuses(events.record("acme", [sent(), sent(3), long_ago])) == ["duplicate", "counted", "duplicate"]
    assert month(usage) == {"llm_input_tokens": 2_000, "llm_output_tokens": 100}
    (row,) = usage.reported_entries("acme", "2026-01")
    assert row.hour == f"{NOW - timedelta(days=40):%Y-%m-%dT%H}"
    assert row.details == {
        "happened_at": "2026-01-20T12:00:00.000000Z",
        "received_at": "2026-03-01T12:00:00.000000Z",
    }


def test_the_first_of_two_equal_events_in_a_request_counts(events, usage):
    other = sent(data={"emails": 5})
    assert statuses(events.record("acme", [sent(), other])) == ["counted", "duplicate"]
    assert month(usage) == {"llm_input_tokens": 1_000, "llm_output_tokens": 50}


def test_sources_and_tenants_have_separate_ids(events, usage):
    assert statuses(events.record("acme", [sent(), sent(source="/sms")])) == ["counted", "counted"]
    assert statuses(events.record("globex", [sent()])) == ["counted"]
    assert month(usage, "globex") == {"llm_input_tokens": 1_000, "llm_output_tokens": 50}


def test_source_and_id_are_not_concatenated(events):
    pair = [sent(source="a", id="b-c"), sent(source="a-b", id="c")]
    assert statuses(events.record("acme", pair)) == ["counted", "counted"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"specversion": "0.3"}, "specversion"),
        ({"type": "other"}, "type"),
        ({"id": ""}, "id"),
        ({"source": "white space"}, "source"),
        ({"source": "x" * 257}, "source"),
        ({"time": "yesterday"}, "time"),
        ({"time": "2026-03-01T12:00:00"}, "time"),
        ({"time": 1_772_366_400}, "time"),
        ({"time": (NOW + timedelta(seconds=61)).isoformat()}, "time"),
        ({"time": (NOW - timedelta(days=90, seconds=1)).isoformat()}, "time"),
        ({"data": {}}, "data"),
        ({"data": {"predictions": 1}}, "data.predictions"),
        ({"data": {"emails": 0}}, "data"),
        ({"data": {"emails": -1}}, "data.emails"),
        ({"data": {"emails": 1.5}}, "data.emails"),
        ({"data": {"emails": "7"}}, "data.emails"),
        ({"data": {"emails": True}}, "data.emails"),
        ({"data": {"emails": MAX_EVENT_UNITS["emails"] + 1}}, "data.emails"),
        ({"datacontenttype": "text/csv"}, "datacontenttype"),
    ],
)
def test_an_invalid_event_is_rejected_alone_with_field_and_bound(events, usage, change, field):
    outcomes = events.record("acme", [sent(1), sent(2, **change), sent(3)])
    assert statuses(outcomes) == ["counted", "rejected", "counted"]
    assert [error.field for error in outcomes[1].errors] == [field]
    assert outcomes[1].errors[0].bound
    assert "white space" not in str(outcomes)
    assert month(usage)["llm_input_tokens"] == 2_000


@pytest.mark.parametrize("value", [None, 7, "text", []])
def test_a_value_that_is_not_an_event_is_rejected(events, value):
    assert statuses(events.record("acme", [value])) == ["rejected"]


def test_values_at_the_bounds_are_valid(events):
    edge = [
        sent(1, ago=timedelta(days=90)),
        sent(2, ago=-timedelta(seconds=60)),
        sent(3, data={"emails": MAX_EVENT_UNITS["emails"]}),
    ]
    assert statuses(events.record("acme", edge)) == ["counted"] * 3


def test_event_above_the_ceiling_of_its_day_is_rejected_alone(events, usage):
    largest = {"sms_messages": MAX_EVENT_UNITS["sms_messages"]}
    full = [sent(number, data=largest) for number in range(100)]
    assert statuses(events.record("acme", full)) == ["counted"] * 100
    outcomes = events.record("acme", [sent(100, data={"sms_messages": 1}), sent(101, data={"emails": 1}), full[7]])
    assert statuses(outcomes) == ["rejected", "counted", "duplicate"]
    (error,) = outcomes[0].errors
    assert (error.field, str(MAX_DAILY_UNITS["sms_messages"]) in error.bound) == ("data.sms_messages", True)
    assert statuses(events.record("acme", [sent(102, ago=timedelta(days=1), data=largest)])) == ["counted"]
    assert statuses(events.record("globex", [sent(100, data=largest)])) == ["counted"]
    assert month(usage)["sms_messages"] == MAX_DAILY_UNITS["sms_messages"]


def test_extensions_and_subjects_are_ignored_and_not_stored(events, usage):
    assert statuses(events.record("acme", [sent(subject="Jane Doe", traceparent="00-1")])) == ["counted"]
    assert "Jane Doe" not in str(list(usage.reported_entries("acme", "2026-03")))


def test_a_failed_request_is_repeated_without_counting_twice(events, usage):
    batch = [sent(number, ago=timedelta(hours=number)) for number in range(80)]  # more than one transaction
    usage.failures = 1
    with pytest.raises(Unavailable):
        events.record("acme", batch)
    assert set(statuses(events.record("acme", batch))) == {"counted", "duplicate"}
    assert sum(month(usage, month=m).get("llm_output_tokens", 0) for m in ("2026-02", "2026-03")) == 80 * 50


@given(st.lists(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 80)), max_size=20), max_size=6))
def test_stored_rows_add_up_to_the_counters(batches):
    usage = FakeUsage()
    events = UsageEvents(UsageCounter(usage), Clock())
    for batch in batches:
        events.record("acme", [sent(n, ago=timedelta(days=days), data={"emails": n + 1}) for n, days in batch])
    for month_ in ("2025-12", "2026-01", "2026-02", "2026-03"):
        rows = sum(row.amounts["emails"] for row in usage.reported_entries("acme", month_))
        assert rows == month(usage, month=month_).get("emails", 0)


def work(events, body):
    text = body if isinstance(body, str) else json.dumps(body)
    telemetry.current.set(telemetry.RequestFacts())
    UsageEventWorker(events).process(Message("use-1", "usage.events", "acme", "c-1", text), Deadline(10**9))


def test_a_message_has_one_event_or_a_list(events, usage):
    work(events, sent(1))
    work(events, [sent(1), sent(2)])
    assert month(usage)["llm_output_tokens"] == 100


def test_an_invalid_event_fails_its_message_after_the_others_count(events, usage):
    with pytest.raises(InvalidInput, match="time"):
        work(events, [sent(1), sent(2, time="never")])
    assert month(usage)["llm_output_tokens"] == 50


@pytest.mark.parametrize(
    ("body", "error"), [("{", MalformedRequest), ("[]", InvalidInput), ([sent()] * 101, InvalidInput)]
)
def test_a_message_without_events_fails(events, body, error):
    with pytest.raises(error):
        work(events, body)


@pytest.mark.parametrize("nothing", [{}, {"emails": None}, {"emails": None, "webhooks": None}])
def test_an_event_without_meters_is_rejected(events, usage, nothing):
    (outcome,) = events.record("acme", [sent(data=nothing)])
    assert (outcome.status, outcome.errors[0].field) == ("rejected", "data")
    assert month(usage) == {}


@pytest.mark.parametrize("value", [1, None, "e-1", []])
def test_the_error_of_a_value_that_is_no_event_names_the_event(events, value):
    (outcome,) = events.record("acme", [value])
    assert [(error.field, error.bound) for error in outcome.errors] == [("event", "a JSON object")]
