"""Every new decision is published at least once, with repeatable ids and without health data."""

import io
import json
import uuid
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.fakes.events import FakeBus
from tests.support.ledger_rows import ledger_row as row
from tests.support.ledger_rows import stored_item
from vigil.alerting.events.service import DecisionPublisher
from vigil.alerting.events.stream import DecisionStream
from vigil.errors import Unavailable
from vigil.runtime.telemetry import Telemetry


def record(number=0, name="INSERT", subject="jane-roe", **summary):
    facts = {"band": "low", "decision": "wait", "probability": 0.125} | summary
    image = stored_item(replace(row(number, subject=subject), summary=json.dumps(facts)))
    return {"eventName": name, "dynamodb": {"SequenceNumber": str(number), "NewImage": image}}


@pytest.fixture
def bus():
    return FakeBus()


@pytest.fixture
def handle(bus, monkeypatch):
    monkeypatch.setenv("POWERTOOLS_TRACE_DISABLED", "true")
    publisher = DecisionPublisher(bus, lambda: datetime.now(UTC))
    stream = DecisionStream(publisher, Telemetry(uuid.uuid4().hex, io.StringIO()))
    return lambda *records: stream.handle({"Records": list(records)}, None)["batchItemFailures"]


def test_high_risk_and_abstention_publish_additional_events(handle, bus):
    assert handle(record(0), record(1), record(2, decision="abstain")) == []
    assert [(event.kind, event.event_id) for event in bus.taken] == [
        ("scoring.decision_made", f"{row(0).decision_id}.scoring.decision_made"),
        ("scoring.decision_made", f"{row(1).decision_id}.scoring.decision_made"),
        ("scoring.high_risk_found", f"{row(1).decision_id}.scoring.high_risk_found"),
        ("scoring.decision_made", f"{row(2).decision_id}.scoring.decision_made"),
        ("scoring.abstained", f"{row(2).decision_id}.scoring.abstained"),
    ]


def test_a_repeated_delivery_publishes_the_same_events(handle, bus):
    handle(record(1))
    handle(deepcopy(record(1)))
    first, second, *rest = bus.taken
    assert bus.taken[:2] == bus.taken[2:]
    assert first != second
    assert len(rest) == 2


def test_an_event_has_the_documented_fields_and_no_health_data(handle, bus):
    handle(record(1))
    detail = json.loads(bus.taken[0].detail)
    about_the_event, about_the_decision = (
        {"event_id", "event_version", "occurred_at"},
        {"decision_id", "correlation_id", "band", "decision"},
    )
    assert set(detail) == about_the_event | about_the_decision | {"tenant_id", "subject", "model_digest"}
    assert detail["correlation_id"] == row(1).correlation_id
    text = " ".join(event.detail for event in bus.taken)
    assert not [word for word in ("jane-roe", "age", "0.125", "probability", "inputs") if word in text]


def test_the_subject_digest_is_shared_only_within_a_tenant(handle, bus):
    other = record(3)
    other["dynamodb"]["NewImage"] = stored_item(
        replace(row(3, tenant="globex", subject="jane-roe"), summary=row(3).summary)
    )
    other["dynamodb"]["NewImage"]["summary"] = record(3)["dynamodb"]["NewImage"]["summary"]
    handle(record(0), record(2), other)
    first, second, *_, foreign = [json.loads(event.detail)["subject"] for event in bus.taken]
    assert first == second
    assert foreign != first


def test_only_rows_with_refused_events_are_retried(handle, bus):
    bus.refusing = {f"{row(1).decision_id}.scoring.high_risk_found"}
    assert handle(record(0), record(1), record(2)) == [{"itemIdentifier": "1"}]
    bus.refusing = set()
    assert handle(record(1)) == []
    ids = [event.event_id for event in bus.taken]
    assert ids.count(f"{row(1).decision_id}.scoring.decision_made") == 2
    assert ids.count(f"{row(1).decision_id}.scoring.high_risk_found") == 1


def test_a_bus_that_refuses_all_events_fails_the_batch(handle, bus):
    bus.away = True
    with pytest.raises(Unavailable):
        handle(record(0), record(1))


def test_changed_and_removed_rows_publish_no_event(handle, bus):
    assert handle(record(0, "MODIFY"), {"eventName": "REMOVE", "dynamodb": {"SequenceNumber": "9"}}) == []
    assert bus.taken == []


def test_an_unreadable_row_is_retried_without_blocking_others(handle, bus):
    poison = record(0)
    del poison["dynamodb"]["NewImage"]["summary"]
    assert handle(poison, record(2)) == [{"itemIdentifier": "0"}]
    assert [event.event_id for event in bus.taken] == [f"{row(2).decision_id}.scoring.decision_made"]


@pytest.mark.parametrize(("minutes", "late"), [(5, 0), (5.1, 3)])
def test_published_decisions_count_and_late_ones_among_them(bus, minutes, late):
    made = datetime.fromisoformat(row(0).created_at)
    publisher, log = DecisionPublisher(bus, lambda: made + timedelta(minutes=minutes)), io.StringIO()
    stream = DecisionStream(publisher, Telemetry(uuid.uuid4().hex, log, traced=False))
    records = [record(number) for number in range(3)]
    for each in records:
        each["dynamodb"]["NewImage"]["created_at"] = {"S": row(0).created_at}
    stream.handle({"Records": records}, None)
    (line,) = map(json.loads, log.getvalue().splitlines())
    assert (line["EventsTold"], line.get("EventsToldLate", 0)) == (3, late)
