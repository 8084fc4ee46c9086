"""A worker on real queues: exactly the failed messages of a batch return, and none is lost."""

import io
import json
from random import Random

import pytest

from tests.faults.planted import NamesTheNext, NamesTheWork
from tests.support.faultbed.event_source import EventSource
from tests.support.faultbed.history import Effect, Input, report, violations
from tests.support.gateway import Context
from vigil.errors import NotFound, Unavailable
from vigil.runtime.telemetry import Telemetry
from vigil.workers.queues import Message, SqsQueue
from vigil.workers.worker_loop import Worker

FATES = ("good", "good", "good", "poison", "transient", "unexpected", "unreadable")


@pytest.fixture(autouse=True)
def untraced(monkeypatch):
    monkeypatch.setenv("POWERTOOLS_TRACE_DISABLED", "true")


class Bench:
    """A worker with a queue and a dead-letter queue. Work with a transient fate fails twice, then succeeds."""

    def __init__(self, bed, kind):
        self.sqs = bed.client("sqs")
        self.source = bed.queue(VisibilityTimeout="0")  # failed messages are visible again at once
        self.dead = bed.queue()
        self.effects, self.tries = [], {}
        worker = kind(self._do, Telemetry("faults", io.StringIO()), SqsQueue(self.sqs, self.dead))
        self.events = EventSource(self.sqs, self.source, worker.handle, Context())

    def _do(self, message, deadline):
        fate = json.loads(message.body)["fate"]
        tries = self.tries[message.id] = self.tries.get(message.id, 0) + 1
        if fate == "poison":
            raise NotFound("There is no such batch.")
        if fate in {"transient", "unexpected"} and tries <= 2:
            raise Unavailable("Away.") if fate == "transient" else ZeroDivisionError
        self.effects.append(Effect(message.id, message.tenant_id, "done"))

    def send(self, number, fate):
        """Send one message with a fate and return the expected effect."""
        given = Message(f"m-{number}", "test.work", f"tenant-{number % 3}", "corr", json.dumps({"fate": fate}))
        if fate == "unreadable":
            self.sqs.send_message(QueueUrl=self.source, MessageBody=given.id)
            return Input(given.id, "nobody", "unreadable")
        SqsQueue(self.sqs, self.source).send([given])
        return Input(given.id, given.tenant_id, "not-found" if fate == "poison" else "done")

    def letters(self):
        """Return one effect for each dead letter, with its reason as the body."""
        queue, letters = SqsQueue(self.sqs, self.dead), []
        while received := queue.receive(60):
            letters += [
                Effect(
                    each.attributes.get("id", each.body),
                    each.attributes.get("tenant_id", "nobody"),
                    each.attributes["reason"],
                )
                for each in received
            ]
        return letters


def trial(bed, seed, batches, kind=Worker):
    """Deliver random batches until each is processed.

    Return the violations, and for each batch True if exactly the failing messages returned.
    """
    random, bench, inputs, again = Random(seed), Bench(bed, kind), [], []
    for _ in range(batches):
        fates = random.choices(FATES, k=random.randint(1, 10))
        inputs += [bench.send(len(inputs) + place, fate) for place, fate in enumerate(fates)]
        returned = [len(bench.events.poll()[1]) for _ in range(3)]
        failing = sum(fate in {"transient", "unexpected"} for fate in fates)
        again.append(returned == [failing, failing, 0])
    return violations(inputs, bench.effects + bench.letters()), again


@pytest.mark.parametrize("batches", [60, pytest.param(1_000, marks=pytest.mark.faults)])
def test_exactly_the_failed_messages_of_a_batch_return(bed, seeds, batches):
    (seed,) = seeds(1)
    wrong, again = trial(bed, seed, batches)
    assert not wrong, report(wrong, seed)
    assert all(again), report([], seed)


@pytest.mark.parametrize("planted", [NamesTheNext, NamesTheWork])
def test_a_worker_that_reports_the_wrong_message_is_detected(bed, seeds, planted):
    assert any(trial(bed, seed, 10, planted)[0] for seed in seeds(5))
