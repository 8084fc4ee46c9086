"""Worker processes that are killed at any moment lose nothing and do nothing twice."""

import json
import time

import pytest

from tests.support.faultbed.history import Effect, Input, report, violations
from tests.support.faultbed.workers import deaths, working
from vigil.decisions.scoring.model import derive_decision_id
from vigil.workers.queues import Message, SqsQueue

DRAINED_WITHIN_SECONDS = 60


def ordeal(bed, seed, messages, kills, planted=""):
    """Kill workers over a queue of messages, then let the last ones finish; return everything that is wrong."""
    table, dead = bed.table("Decisions"), bed.queue()
    source = bed.queue(VisibilityTimeout="2")  # a killed worker's messages come again after it
    queue = SqsQueue(bed.client("sqs"), source)
    work = [Message(f"m-{n}", "test.score", f"tenant-{n % 3}", "corr", str(n % 90)) for n in range(messages)]
    unsent = list(work)
    environment = {"TABLE": table, "DEAD": dead, "PLANTED": planted}
    with working(bed, "tests.faults.scoring_worker", source, environment) as workers:
        for _ in deaths(workers, seed, kills):
            if bed.visible(source) < 8:  # there is always something to kill a worker at
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
    return left, violations(map(asked, work), map(done, bed.writes(table)))


def asked(message):
    pk = f"{message.tenant_id}#{derive_decision_id(message.tenant_id, message.id, 0)}"
    return Input(pk, message.tenant_id, message.body)


def done(write):
    image = write["dynamodb"]["NewImage"]
    return Effect(image["pk"]["S"], image["tenant_pk"]["S"], str(int(json.loads(image["inputs"]["S"])["age"])))


@pytest.mark.parametrize(
    ("messages", "kills"), [(60, 20), pytest.param(600, 200, marks=pytest.mark.faults)], ids=["20", "200"]
)
def test_workers_that_are_killed_lose_nothing_and_do_nothing_twice(bed, seeds, messages, kills):
    (seed,) = seeds(1)
    left, wrong = ordeal(bed, seed, messages, kills)
    assert left, "there was nothing left to do when the last worker was killed"
    assert not wrong, report(wrong, seed)


def test_work_that_is_done_twice_after_a_kill_is_caught(bed, seeds):
    wrong = next(wrong for seed in seeds(5) if (wrong := ordeal(bed, seed, 60, 20, "unconditional")[1]))
    assert {"double"} == {violation.kind for violation in wrong}
