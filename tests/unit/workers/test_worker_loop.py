"""Each message of a batch is done, quarantined or returned to its queue on its own."""

import io
import json
import uuid
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fakes.queues import FakeSqs, lambda_event
from tests.support.gateway import Context
from vigil.aws import tenant_guard
from vigil.errors import (
    CircuitOpen,
    Conflict,
    FieldError,
    InvalidInput,
    ModelRefused,
    NotFound,
    Unavailable,
    WorkPostponed,
)
from vigil.runtime import correlation
from vigil.runtime.telemetry import Telemetry
from vigil.workers.queues import Message, SqsQueue
from vigil.workers.worker_loop import Deadline, Worker

OWN = "https://sqs/1/work"
WORK = Message("batch-1.chunk-7", "batch.chunk", "acme", "0000000a-0000-4000-8000-000000000001", '{"key":"part/7"}')
PERMANENT = {
    "invalid-input": InvalidInput(FieldError("rows", "has jane-roe", "none")),
    "not-found": NotFound("There is no batch of jane-roe."),
    "model-refused": ModelRefused("expired", "jane-roe"),
}
TRANSIENT = [Unavailable("jane-roe"), Conflict("jane-roe"), ZeroDivisionError("jane-roe"), KeyError("jane-roe")]


def traced(number):
    return f"0000000a-0000-4000-8000-{number:012}"


class WorkerHarness:
    """A worker with queues in memory, its log, and a record of the processed messages."""

    def __init__(self, fail=lambda message: None, *, may_postpone=False):
        self.sqs, self.log, self.seen, self._fail = FakeSqs(), io.StringIO(), [], fail
        self.dead = SqsQueue(self.sqs, "https://sqs/1/dead")
        own = SqsQueue(self.sqs, OWN) if may_postpone else None
        self._worker = Worker(self._do, Telemetry(uuid.uuid4().hex, self.log), self.dead, own_queue=own)

    def _do(self, message, deadline):
        assert deadline.remaining() > 0
        self.seen.append((message.id, correlation.current.get()))
        if error := self._fail(message):
            raise error

    def handle(self, *messages, entries=(), context=None):
        source = FakeSqs()
        SqsQueue(source, "source").send(messages)
        event = lambda_event([*source.queues.get("source", []), *entries])
        return [
            each["itemIdentifier"] for each in self._worker.handle(event, context or Context())["batchItemFailures"]
        ]

    def lines(self):
        return [json.loads(line) for line in self.log.getvalue().splitlines()]


@pytest.fixture(autouse=True)
def untraced(monkeypatch):
    monkeypatch.setenv("POWERTOOLS_TRACE_DISABLED", "true")


def numbered(count):
    return [replace(WORK, id=str(number), correlation_id=traced(number)) for number in range(count)]


def test_each_message_is_processed_with_its_correlation_id():
    harness = WorkerHarness()
    assert harness.handle(*numbered(3)) == []
    assert harness.seen == [(str(number), traced(number)) for number in range(3)]
    assert [(line["correlation_id"], line["message_id"]) for line in harness.lines()] == [
        (traced(number), str(number)) for number in range(3)
    ]


def test_a_log_line_has_the_result_and_no_error_message():
    harness = WorkerHarness(lambda message: {"1": NotFound("jane-roe"), "2": ValueError("jane-roe")}.get(message.id))
    assert harness.handle(*numbered(3)) == ["sqs-2"]
    assert [line["ending"] for line in harness.lines()] == ["done", "quarantined", "returned"]
    done, lost, broken = harness.lines()
    assert (done["queue"], done["route"], done["tenant_id"], done["attempts"]) == ("work", "batch.chunk", "acme", 0)
    assert (lost["problem"], lost["status"]) == ("not-found", 404)
    assert broken["error"].startswith("ValueError at test_worker_loop.py:")
    assert "jane-roe" not in harness.log.getvalue()


@pytest.mark.parametrize("code", PERMANENT)
def test_a_permanent_error_is_quarantined_with_its_code(code):
    harness = WorkerHarness(lambda message: PERMANENT[code])
    assert harness.handle(WORK) == []
    (letter,) = harness.dead.receive(30)
    assert letter.message() == WORK
    assert (letter.attributes["failure"], letter.attributes["reason"]) == ("permanent", code)
    assert "jane-roe" not in str(letter)


@pytest.mark.parametrize("error", TRANSIENT, ids=repr)
def test_any_other_error_returns_the_message_to_its_queue(error):
    harness = WorkerHarness(lambda message: error)
    assert harness.handle(WORK) == ["sqs-0"]
    assert harness.dead.receive(30) == []


def test_an_unreadable_message_is_quarantined_alone():
    harness = WorkerHarness()
    foreign = {"MessageBody": "?", "MessageAttributes": {"id": {"DataType": "String", "StringValue": "x"}}}
    assert harness.handle(WORK, entries=[foreign]) == []
    (letter,) = harness.dead.receive(30)
    assert letter.attributes == {"id": "x", "failure": "permanent", "reason": "unreadable", "source_id": "sqs-1"}
    assert letter.body == "?"
    assert len(harness.seen) == 1


def test_a_message_that_cannot_be_quarantined_is_returned():
    harness = WorkerHarness(lambda message: NotFound("gone"))
    harness.sqs.away = True
    assert harness.handle(WORK) == ["sqs-0"]
    assert harness.lines()[0]["ending"] == "returned"


def test_only_redriven_work_is_reported_as_settled():
    harness = WorkerHarness()
    assert harness.handle(WORK, replace(WORK, id="again", attempts=2)) == []
    (receipt,) = harness.dead.receive(30)
    assert (receipt.message().id, receipt.attributes["settled"]) == ("again", "true")


def test_redriven_work_that_cannot_be_reported_is_returned():
    harness = WorkerHarness()
    harness.sqs.away = True
    assert harness.handle(replace(WORK, attempts=2)) == ["sqs-0"]


def test_messages_without_time_left_are_not_started():
    harness = WorkerHarness()
    assert harness.handle(*numbered(2), context=Context(900)) == ["sqs-0", "sqs-1"]
    assert harness.seen == []


def test_a_deadline_is_the_end_of_the_invocation():
    assert 9 < Deadline.from_context(Context()).remaining() <= 10


@given(st.lists(st.sampled_from(["good", "permanent", "transient", "unexpected"]), min_size=1, max_size=10))
def test_only_transient_and_unexpected_errors_are_returned(fates):
    errors = {"permanent": NotFound("x"), "transient": Unavailable("x"), "unexpected": RuntimeError("x")}
    harness = WorkerHarness(lambda message: errors.get(fates[int(message.id)]))
    expected = [f"sqs-{n}" for n, fate in enumerate(fates) if fate in {"transient", "unexpected"}]
    assert harness.handle(*numbered(len(fates))) == expected
    assert [r.message().id for r in harness.dead.receive(30)] == [
        str(n) for n, f in enumerate(fates) if f == "permanent"
    ]


def test_each_message_has_the_metrics_of_its_kind():
    kinds = ["kind.one", "kind.one", "kind.two"]
    messages = [replace(WORK, id=str(number), kind=kind) for number, kind in enumerate(kinds)]
    harness = WorkerHarness()
    harness.handle(*messages)
    assert [(line["route"], line["Message.done"]) for line in harness.lines()] == [(kind, 1) for kind in kinds]


def test_work_is_confined_to_the_tenant_of_its_message():
    confined = []
    harness = WorkerHarness(lambda message: confined.append(tenant_guard.confined_tenant()))
    assert harness.handle(WORK, replace(WORK, id="batch-2.chunk-1", tenant_id="globex")) == []
    assert (confined, tenant_guard.confined_tenant()) == (["acme", "globex"], None)


@pytest.mark.parametrize(
    ("error", "delay"),
    [
        (WorkPostponed(7), 7),
        (WorkPostponed(0.2), 1),
        (WorkPostponed(-3), 1),
        (WorkPostponed(1e9), 900),
        (CircuitOpen(42), 42),
        (CircuitOpen(4_000), 900),
    ],
)
def test_postponed_work_is_sent_again_with_a_delay(error, delay):
    harness = WorkerHarness(lambda message: error if message.id == "1" else None, may_postpone=True)
    assert harness.handle(*numbered(3)) == []
    (entry,) = harness.sqs.queues[OWN]
    assert entry["DelaySeconds"] == delay
    assert [line["ending"] for line in harness.lines()] == ["done", "postponed", "done"]
    assert harness.lines()[1]["Message.postponed"] == 1


def test_a_postponed_message_has_the_same_work_and_redrives():
    harness = WorkerHarness(lambda message: WorkPostponed(1), may_postpone=True)
    harness.handle(replace(WORK, attempts=2))
    (again,) = SqsQueue(harness.sqs, OWN).receive(30)
    assert again.message() == replace(WORK, attempts=2)
    assert harness.dead.receive(30) == []


def test_a_message_that_cannot_be_postponed_is_returned():
    harness = WorkerHarness(lambda message: WorkPostponed(1), may_postpone=True)
    harness.sqs.away = True
    assert harness.handle(WORK) == ["sqs-0"]
    assert harness.lines()[0]["ending"] == "returned"


@pytest.mark.parametrize(("error", "code"), [(WorkPostponed(1), "postponed"), (CircuitOpen(1), "circuit-open")])
def test_a_worker_without_its_own_queue_returns_postponed_work(error, code):
    harness = WorkerHarness(lambda message: error)
    assert harness.handle(WORK) == ["sqs-0"]
    assert (harness.dead.receive(30), harness.lines()[0]["problem"]) == ([], code)


def test_an_outage_uses_up_no_delivery_of_a_message():
    harness = WorkerHarness(lambda message: CircuitOpen(1), may_postpone=True)
    for _ in range(20):
        received = harness.sqs.queues.pop(OWN, None)
        assert harness.handle(*([] if received else [WORK]), entries=received or []) == []
    assert len(harness.sqs.queues[OWN]) == 1
    assert {identity for identity, _ in harness.seen} == {WORK.id}
