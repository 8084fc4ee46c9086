"""Messages are unchanged by queues; a partly refused send is completed or fails."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fakes.queues import FakeSqs
from vigil.errors import Unavailable, UnreadableMessage
from vigil.workers.queues import Message, ReceivedMessage, SqsQueue

WORK = Message("batch-1.chunk-7", "batch.chunk", "acme", "corr-1", '{"key":"part/7"}', trace="Root=1-a;Sampled=1")
WORD = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=256)


@pytest.fixture
def sqs():
    return FakeSqs()


@pytest.fixture
def queue(sqs):
    return SqsQueue(sqs, "https://sqs/1/work")


def test_a_sent_message_is_received_unchanged(queue):
    queue.send([WORK])
    (received,) = queue.receive(30)
    assert received.message() == WORK


TENANT = st.from_regex(r"[a-z_][a-z0-9-]{2,31}", fullmatch=True)


@given(st.builds(Message, WORD, WORD, TENANT, WORD, st.text(min_size=1), st.integers(0, 10**6), st.none() | WORD))
def test_any_message_is_received_unchanged(message):
    queue = SqsQueue(FakeSqs(), "https://sqs/1/work")
    queue.send([message])
    assert queue.receive(30)[0].message() == message


def test_a_call_sends_ten_messages(queue, sqs):
    queue.send(replace(WORK, id=f"chunk-{number}") for number in range(23))
    assert sqs.calls == [10, 10, 3]
    assert len({entry["MessageAttributes"]["id"]["StringValue"] for entry in sqs.queues["https://sqs/1/work"]}) == 23


def test_a_message_names_its_tenant_as_its_group(queue, sqs):
    queue.send([WORK, replace(WORK, tenant_id="globex")])
    assert [entry["MessageGroupId"] for entry in sqs.queues["https://sqs/1/work"]] == ["acme", "globex"]


def test_only_failed_entries_are_sent_again(queue, sqs):
    sqs.refusing = 2
    queue.send(replace(WORK, id=f"chunk-{number}") for number in range(5))
    assert sqs.calls == [5, 2]
    assert len(sqs.queues["https://sqs/1/work"]) == 5


def test_a_queue_that_fails_three_times_is_unavailable(queue, sqs):
    sqs.refusing = 99
    with pytest.raises(Unavailable):
        queue.send([WORK])
    assert sqs.calls == [1, 1, 1]


def test_a_queue_without_a_connection_is_unavailable(queue, sqs):
    sqs.away = True
    for call in (lambda: queue.send([WORK]), lambda: queue.receive(30), lambda: queue.delete([])):
        with pytest.raises(Unavailable):
            call()


def test_an_empty_send_makes_no_call(queue, sqs):
    queue.send([])
    assert sqs.calls == []


def test_a_message_without_a_trace_gets_the_senders(queue, monkeypatch):
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-b")
    queue.send([replace(WORK, trace=None), WORK])
    assert [received.message().trace for received in queue.receive(30)] == ["Root=1-b", "Root=1-a;Sampled=1"]


@pytest.mark.parametrize("missing", ["id", "kind", "tenant_id", "correlation_id"])
def test_a_message_without_an_attribute_is_unreadable(queue, missing):
    queue.send([WORK])
    (received,) = queue.receive(30)
    others = {name: text for name, text in received.attributes.items() if name != missing}
    with pytest.raises(UnreadableMessage):
        replace(received, attributes=others).message()


@pytest.mark.parametrize(
    ("name", "text"),
    [("id", "a b"), ("kind", "x" * 257), ("tenant_id", "a.b#c"), ("attempts", "-1"), ("attempts", "?")],
)
def test_a_message_with_a_malformed_attribute_is_unreadable(name, text):
    attributes = {"id": "i", "kind": "k", "tenant_id": "acme", "correlation_id": "c"} | {name: text}
    with pytest.raises(UnreadableMessage):
        ReceivedMessage("sqs-1", "{}", attributes, {}).message()


def test_a_body_over_the_limit_is_rejected():
    with pytest.raises(ValueError, match="65536"):
        replace(WORK, body="x" * 65_537)


def test_a_quarantined_message_is_unchanged_and_has_a_reason(queue):
    foreign = {"id": "chunk 1", "kind": "batch.chunk", "surprise": "x"}
    queue.quarantine(ReceivedMessage("sqs-1", "{}", foreign, {}), "unreadable")
    (letter,) = queue.receive(30)
    marks = {"failure": "permanent", "reason": "unreadable", "source_id": "sqs-1"}
    assert (letter.body, letter.attributes) == ("{}", {"id": "chunk 1", "kind": "batch.chunk"} | marks)


def test_a_deleted_message_is_not_received_again(queue):
    queue.send([WORK, replace(WORK, id="other")])
    first, _ = queue.receive(30)
    queue.delete([first.handle])
    assert [received.message().id for received in queue.receive(30)] == ["other"]
