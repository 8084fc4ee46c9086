"""Killed worker processes neither lose nor repeat work."""

import json
import time

import pytest

from tests.support.fakes.tenant_keys import tenant_key
from tests.support.faultbed.history import Effect, Input, report, violations
from tests.support.faultbed.workers import kill_workers, running_workers
from tests.support.ledger_rows import unpacked_item
from vigil.decisions.scoring.model import derive_decision_id
from vigil.kernel.ids import stored_decision_id
from vigil.workers.queues import Message, SqsQueue

DRAINED_WITHIN_SECONDS = 60


def run_with_kills(bed, seed, messages, kills, planted=""):
    """Kill workers while a queue has messages, then let the last ones finish.

    Return the number of messages left at the last kill, and the violations.
    """
    table, dead = bed.table("Decisions"), bed.queue()
    source = bed.queue(VisibilityTimeout="2")  # seconds until the messages of a killed worker are visible again
    queue = SqsQueue(bed.client("sqs"), source)
    work = [Message(f"m-{n}", "test.score", f"tenant-{n % 3}", "corr", str(n % 90)) for n in range(messages)]
    unsent = list(work)
    environment = {"TABLE": table, "DEAD": dead, "PLANTED": planted}
    with running_workers(bed, "tests.faults.scoring_worker", source, environment) as workers:
        for _ in kill_workers(workers, seed, kills):
            if bed.visible(source) < 8:  # every killed worker has messages
                queue.send(unsent[-8:])
                del unsent[-8:]
        left = bed.waiting(source) + len(unsent)
        queue.send(unsent)
        workers.start()
        workers.start()
        patience = time.monotonic() + DRAINED_WITHIN_SECONDS
        while bed.waiting(source):
            assert time.monotonic() < patience, report([], seed)
            time.sleep(0.05)
    return left, violations(map(expected_input, work), map(effect_of, bed.writes(table)))


def expected_input(message):
    pk = f"{message.tenant_id}#{stored_decision_id(derive_decision_id(tenant_key(message.tenant_id), message.id, 0))}"
    return Input(pk, message.tenant_id, message.body)


def effect_of(write):
    image = unpacked_item(write["dynamodb"]["NewImage"])
    return Effect(image["pk"]["S"], image["tenant_pk"]["S"], str(int(json.loads(image["inputs"]["S"])["age"])))


@pytest.mark.parametrize(
    ("messages", "kills"), [(60, 20), pytest.param(1_500, 200, marks=pytest.mark.faults)], ids=["20", "200"]
)
def test_killed_workers_process_each_message_once(bed, seeds, messages, kills):
    (seed,) = seeds(1)
    left, wrong = run_with_kills(bed, seed, messages, kills)
    assert left, "the queue was empty when the last worker was killed"
    assert not wrong, report(wrong, seed)


def test_work_repeated_after_a_kill_is_detected(bed, seeds):
    wrong = next(wrong for seed in seeds(5) if (wrong := run_with_kills(bed, seed, 60, 20, "unconditional")[1]))
    assert {"double"} == {violation.kind for violation in wrong}
