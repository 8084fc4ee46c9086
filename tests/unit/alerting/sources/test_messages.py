"""Messages of the queue of alerts: three formats become alert events, and no malformed one is lost or guessed."""

import contextlib
import json
from dataclasses import fields, replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.alert_sources import AT, DETAILS, alarm_document, bus_document, received, stack_document
from vigil.alerting.alerts.model import SEVERITIES, AlertEvent, AlertType
from vigil.alerting.sources.model import from_json, to_json
from vigil.alerting.sources.stream import IGNORED, RAISED, AlertWorker, read_message, to_message
from vigil.errors import UnreadableMessage
from vigil.runtime import telemetry
from vigil.runtime.telemetry import RequestFacts
from vigil.workers.worker_loop import Deadline

TEXTS = st.text(max_size=20)
PAIRS = st.lists(st.tuples(TEXTS, TEXTS), max_size=20).map(tuple)
EVENTS = st.builds(
    AlertEvent, TEXTS, TEXTS, st.sampled_from(get_args(AlertType)), st.sampled_from(SEVERITIES), TEXTS, TEXTS, TEXTS,
    st.booleans(), PAIRS, PAIRS, TEXTS, TEXTS,
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=10,
)
DOCUMENTS = [
    *map(bus_document, DETAILS), alarm_document("vigil-work-parked"), stack_document("UPDATE_ROLLBACK_COMPLETE"),
]  # fmt: skip
DEADLINE = Deadline(0)


class Intake:
    """Intake that records the events."""

    def __init__(self):
        self.events = []

    def accept(self, event):
        """Record an event."""
        self.events.append(event)


def test_an_event_of_a_tenant_that_has_left_reaches_no_intake():
    intake, facts = Intake(), RequestFacts(method="SQS")
    telemetry.current.set(facts)
    AlertWorker(intake, lambda _: False).process(read_message(received(bus_document("tokens.reused"))), DEADLINE)
    assert (intake.events, facts.problem) == ([], "tenant-closed")


def accepted(document):
    """Return the events that the intake gets for a document."""
    intake = Intake()
    AlertWorker(intake, lambda _: True).process(read_message(received(document)), DEADLINE)
    return intake.events


@given(EVENTS)
def test_an_event_survives_its_message(event):
    assert from_json(to_json(event)) == event


@given(JSON)
def test_another_document_is_unreadable(document):
    with pytest.raises(UnreadableMessage):
        from_json(json.dumps(document))
    with pytest.raises(UnreadableMessage):
        read_message(received(document))


@given(st.sampled_from([field.name for field in fields(AlertEvent)]), JSON, EVENTS)
def test_a_changed_field_is_an_event_or_unreadable(name, value, event):
    changed = json.dumps(json.loads(to_json(event)) | {name: value})
    with contextlib.suppress(UnreadableMessage):
        assert to_json(from_json(changed)) == json.dumps(json.loads(changed), separators=(",", ":"))


@given(st.sampled_from(DOCUMENTS), st.data(), JSON)
def test_a_broken_source_is_unreadable_or_still_valid(document, data, value):
    broken = json.loads(json.dumps(document))
    place = data.draw(st.sampled_from([broken, *(part for part in broken.values() if isinstance(part, dict))]))
    place[data.draw(st.sampled_from(sorted(place)))] = value
    try:
        message = read_message(received(broken))
    except UnreadableMessage:
        return
    assert message.kind == IGNORED or from_json(message.body).event_id == message.id


@pytest.mark.parametrize("body", ["", "x", "[" * 100, "null", '{"detail-type": "a", "detail-type": "b"}'])
def test_a_text_that_is_no_document_is_unreadable(body):
    with pytest.raises(UnreadableMessage):
        read_message(replace(received(None), body=body))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda each: each.get("detail-type", "alarm"))
def test_a_repeated_message_has_the_same_event_id(document):
    (first,), (second,) = accepted(document), accepted(document)
    assert first == second
    assert first.occurred_at == AT


def test_the_message_names_event_tenant_correlation_and_trace():
    message = read_message(received(bus_document("batches.completed")))
    assert (message.id, message.kind, message.tenant_id) == ("e-1", RAISED, "acme")
    assert (message.correlation_id, message.trace) == ("corr-1", "Root=1-5")


def test_a_message_of_vigil_itself_is_read_as_it_is():
    message = to_message(from_json(read_message(received(bus_document("tokens.reused"))).body))
    attributes = {"id": message.id, "kind": message.kind, "tenant_id": "acme", "correlation_id": message.correlation_id}
    again = read_message(replace(received(None, **attributes, attempts="2"), body=message.body))
    assert (again.body, again.attempts) == (message.body, 2)


def test_an_event_of_a_later_release_is_not_dropped():
    with pytest.raises(UnreadableMessage):
        read_message(received(bus_document("scoring.invented")))


@pytest.mark.parametrize("changes", [{"kind": "batch.chunk"}, {"tenant_id": "globex"}, {"body": "{}"}])
def test_a_forged_message_reaches_no_intake(changes):
    intake = Intake()
    message = replace(read_message(received(bus_document("tokens.reused"))), **changes)
    with pytest.raises(UnreadableMessage):
        AlertWorker(intake, lambda _: True).process(message, DEADLINE)
    assert intake.events == []


def test_an_invalid_tenant_is_unreadable():
    with pytest.raises(UnreadableMessage):
        read_message(received(bus_document("tokens.reused", tenant_id="A")))


def test_an_alarm_without_data_changes_no_alert():
    assert accepted(alarm_document("vigil-server-errors", "INSUFFICIENT_DATA")) == []
