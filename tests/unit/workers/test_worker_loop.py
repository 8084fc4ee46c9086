"""Each message of a batch ends alone: done, quarantined or back on its queue; and none is lost."""

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
from vigil.errors import Conflict, FieldError, InvalidInput, ModelRefused, NotFound, Unavailable
from vigil.runtime import correlation
from vigil.runtime.telemetry import Telemetry
from vigil.workers.queues import Message, SqsQueue
from vigil.workers.worker_loop import Deadline, Worker

WORK = Message("batch-1.chunk-7", "batch.chunk", "acme", "corr-1", '{"key":"part/7"}')
PERMANENT = {
    "invalid-input": InvalidInput(FieldError("rows", "has jane-roe", "none")),
    "not-found": NotFound("There is no batch of jane-roe."),
    "model-refused": ModelRefused("expired", "jane-roe"),
}
TRANSIENT = [Unavailable("jane-roe"), Conflict("jane-roe"), ZeroDivisionError("jane-roe"), KeyError("jane-roe")]


class Bench:
    """A worker on a queue in memory, with its dead-letter queue, its log and what it was asked to do."""

    def __init__(self, fail=lambda message: None):
        self.sqs, self.log, self.seen, self._fail = FakeSqs(), io.StringIO(), [], fail
        self.dead = SqsQueue(self.sqs, "https://sqs/1/dead")
        self._worker = Worker(self._do, Telemetry(uuid.uuid4().hex, self.log), self.dead)

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
    return [replace(WORK, id=str(number), correlation_id=f"corr-{number}") for number in range(count)]


def test_each_message_is_worked_on_under_its_own_correlation_id():
    bench = Bench()
    assert bench.handle(*numbered(3)) == []
    assert bench.seen == [("0", "corr-0"), ("1", "corr-1"), ("2", "corr-2")]
    assert [(line["correlation_id"], line["message_id"]) for line in bench.lines()] == [
        (f"corr-{number}", str(number)) for number in range(3)
    ]


def test_a_line_says_what_became_of_a_message_and_nothing_of_an_errors_words():
    bench = Bench(lambda message: {"1": NotFound("jane-roe"), "2": ValueError("jane-roe")}.get(message.id))
    assert bench.handle(*numbered(3)) == ["sqs-2"]
    assert [line["ending"] for line in bench.lines()] == ["done", "quarantined", "returned"]
    done, lost, broken = bench.lines()
    assert (done["queue"], done["route"], done["tenant_id"], done["attempts"]) == ("work", "batch.chunk", "acme", 0)
    assert (lost["problem"], lost["status"]) == ("not-found", 404)
    assert broken["error"].startswith("ValueError at test_worker_loop.py:")
    assert "jane-roe" not in bench.log.getvalue()


@pytest.mark.parametrize("code", PERMANENT)
def test_a_permanent_error_is_quarantined_with_its_code_and_counts_as_done(code):
    bench = Bench(lambda message: PERMANENT[code])
    assert bench.handle(WORK) == []
    (letter,) = bench.dead.receive(30)
    assert letter.message() == WORK
    assert (letter.attributes["failure"], letter.attributes["reason"]) == ("permanent", code)
    assert "jane-roe" not in str(letter)


@pytest.mark.parametrize("error", TRANSIENT, ids=repr)
def test_any_other_error_returns_the_message_to_its_queue(error):
    bench = Bench(lambda message: error)
    assert bench.handle(WORK) == ["sqs-0"]
    assert bench.dead.receive(30) == []


def test_an_unreadable_message_is_quarantined_and_holds_no_other_back():
    bench = Bench()
    foreign = {"MessageBody": "?", "MessageAttributes": {"id": {"DataType": "String", "StringValue": "x"}}}
    assert bench.handle(WORK, entries=[foreign]) == []
    (letter,) = bench.dead.receive(30)
    assert letter.attributes == {"id": "x", "failure": "permanent", "reason": "unreadable", "source_id": "sqs-1"}
    assert letter.body == "?"
    assert len(bench.seen) == 1


def test_a_message_whose_quarantine_fails_comes_again():
    bench = Bench(lambda message: NotFound("gone"))
    bench.sqs.away = True
    assert bench.handle(WORK) == ["sqs-0"]
    assert bench.lines()[0]["ending"] == "returned"


def test_work_that_had_been_put_back_is_reported_done_and_other_work_is_not():
    bench = Bench()
    assert bench.handle(WORK, replace(WORK, id="again", attempts=2)) == []
    (receipt,) = bench.dead.receive(30)
    assert (receipt.message().id, receipt.attributes["settled"]) == ("again", "true")


def test_work_whose_report_fails_comes_again():
    bench = Bench()
    bench.sqs.away = True
    assert bench.handle(replace(WORK, attempts=2)) == ["sqs-0"]


def test_what_there_is_no_time_for_is_not_begun():
    bench = Bench()
    assert bench.handle(*numbered(2), context=Context(900)) == ["sqs-0", "sqs-1"]
    assert bench.seen == []


def test_a_deadline_is_what_is_left_of_the_invocation():
    assert 9 < Deadline.from_context(Context()).remaining() <= 10


@given(st.lists(st.sampled_from(["good", "permanent", "transient", "unexpected"]), min_size=1, max_size=10))
def test_exactly_the_right_messages_of_any_batch_come_again(fates):
    errors = {"permanent": NotFound("x"), "transient": Unavailable("x"), "unexpected": RuntimeError("x")}
    bench = Bench(lambda message: errors.get(fates[int(message.id)]))
    expected = [f"sqs-{n}" for n, fate in enumerate(fates) if fate in {"transient", "unexpected"}]
    assert bench.handle(*numbered(len(fates))) == expected
    assert [r.message().id for r in bench.dead.receive(30)] == [str(n) for n, f in enumerate(fates) if f == "permanent"]


def test_each_message_has_the_metrics_of_its_kind():
    kinds = ["kind.one", "kind.one", "kind.two"]
    messages = [replace(WORK, id=str(number), kind=kind) for number, kind in enumerate(kinds)]
    bench = Bench()
    bench.handle(*messages)
    assert [(line["route"], line["Message.done"]) for line in bench.lines()] == [(kind, 1) for kind in kinds]


def test_work_is_confined_to_the_tenant_of_its_message():
    confined = []
    bench = Bench(lambda message: confined.append(tenant_guard.confined_tenant()))
    assert bench.handle(WORK, replace(WORK, id="batch-2.chunk-1", tenant_id="globex")) == []
    assert (confined, tenant_guard.confined_tenant()) == (["acme", "globex"], None)
