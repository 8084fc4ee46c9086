"""The redriver as deployed, on dead-letter queues in process."""

import json
import uuid
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import boto3
import pytest

from tests.support.dead_letter_queues import QUEUES, create_queues
from tests.support.fakes.dead_letters import WORK, letter
from tests.support.gateway import Context
from vigil.bootstrap import process
from vigil.errors import Unavailable
from vigil.kernel.tenants import OPERATORS
from vigil.operations.dead_letters.model import UNREADABLE, DeadLetterJob, JobFilter, RetryRules, Work
from vigil.operations.dead_letters.store import DynamoDeadLetterJobs
from vigil.workers.queues import Message, SqsQueue

MINUTE = json.loads((Path(__file__).parents[2] / "events" / "dead_letters_redrive.json").read_text())
MESSAGE = Message(**asdict(replace(WORK, kind="work")))  # a kind without an owner to notify


@pytest.fixture
def queues(published, monkeypatch):
    """A queue with dead letters that the redriver knows; retries are due at once."""
    urls = create_queues(monkeypatch)
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", uuid.uuid4().hex)  # a logger never changes its first stream
    monkeypatch.setenv("VIGIL_BACKOFF_BASE_SECONDS", "0")
    monkeypatch.setenv("VIGIL_MAX_REPROCESS_ATTEMPTS", "1")
    process.forget()
    client = boto3.client("sqs")
    return SqsQueue(client, urls["usage-events"]), SqsQueue(client, urls["usage-events-dead"])


@pytest.fixture
def redrive(queues):
    from functions.dead_letters_redrive.handler import lambda_handler

    return lambda: lambda_handler(MINUTE, Context(50_000))


def jobs():
    store = DynamoDeadLetterJobs(boto3.client("dynamodb"), "dead_letters")
    states = (JobFilter(), JobFilter(state="resolved"))
    return [job for wanted in states for job in store.page(None, wanted, None, 100).jobs]


def test_failed_work_is_resent_and_resolved_by_a_success_report(queues, redrive):
    work, dead = queues
    dead.send([MESSAGE])
    assert redrive() == {"recorded": 1, "retried": 1}
    (received,) = work.receive(30)
    assert received.message() == replace(MESSAGE, attempts=1)
    dead.send_settled(received.message())
    assert redrive() == {"resolved": 1}
    assert [(job.state, job.resolution) for job in jobs()] == [("resolved", "succeeded")]


@pytest.mark.parametrize("name", QUEUES)
def test_the_dead_letters_of_each_queue_return_to_it(queues, redrive, name):
    client = boto3.client("sqs")
    work, dead = (SqsQueue(client, client.get_queue_url(QueueName=each)["QueueUrl"]) for each in (name, f"{name}-dead"))
    dead.send([MESSAGE])
    assert redrive() == {"recorded": 1, "retried": 1}
    assert [received.message().id for received in work.receive(30)] == [MESSAGE.id]
    assert [job.queue for job in jobs()] == [name]


def test_work_that_fails_again_is_parked_at_its_limit(queues, redrive):
    _, dead = queues
    dead.send([MESSAGE])
    redrive()
    dead.send([replace(MESSAGE, attempts=1)])
    assert redrive() == {"recorded": 1, "parked": 1}
    assert [(job.state, job.reason) for job in jobs()] == [("parked", "attempts-exhausted")]


def park_as_earlier_release(age, resolved=False):
    """Store an unreadable message as a release did that never reduced one: parked, without a due step."""
    work = Work(uuid.uuid4().hex, UNREADABLE, OPERATORS, "m-1", json.dumps({"body": "jane-roe", "attributes": {}}))
    died = datetime.now(UTC) - age
    job = DeadLetterJob.create("work", letter(work), RetryRules(), died, Random(1))
    job = replace(job.resolve("by_hand", died) if resolved else job, due_at=None, version=1)
    assert DynamoDeadLetterJobs(boto3.client("dynamodb"), "dead_letters").write(OPERATORS, job)


def test_unreadable_messages_that_an_earlier_release_parked_are_reduced(queues, redrive):
    park_as_earlier_release(timedelta(days=8))
    park_as_earlier_release(timedelta(days=8), resolved=True)
    park_as_earlier_release(timedelta(days=6))
    redrive()
    assert sorted(job.is_unreduced for job in jobs()) == [False, False, True]
    assert [json.loads(job.work.body) for job in jobs() if not job.is_unreduced] == [{"characters": 8}] * 2
    redrive()


def test_the_log_has_every_step_and_no_body(queues, redrive, capsys):
    _, dead = queues
    dead.send([replace(MESSAGE, body='{"key":"jane-roe"}')])
    (received,) = dead.receive(30)
    dead.delete([received.handle])
    dead.quarantine(received, "not-found", received.message())
    redrive()
    assert "jane-roe" in jobs()[0].work.body
    out = capsys.readouterr().out
    lines = [json.loads(line) for line in out.splitlines()]
    steps = {line["message"]: line for line in lines if str(line.get("message")).startswith("dead_letter_")}
    assert steps.keys() == {"dead_letter_recorded", "dead_letter_parked"}
    assert (steps["dead_letter_parked"]["queue"], steps["dead_letter_parked"]["reason"]) == (
        "usage-events",
        "not-found",
    )
    counted = [line for line in lines if "dead_letter_parked" in line]
    assert [(line["queue"], line["dead_letter_parked"]) for line in counted] == [("usage-events", 1)]
    assert "jane-roe" not in out


def test_a_run_with_a_failed_step_fails_after_all_others(queues, redrive, capsys):
    _, dead = queues
    dead.send([MESSAGE])
    sqs = boto3.client("sqs")
    sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName="usage-events")["QueueUrl"])
    with pytest.raises(Unavailable, match="1 steps failed"):
        redrive()
    (failed,) = [line for line in map(json.loads, capsys.readouterr().out.splitlines()) if line.get("level") == "ERROR"
                 and line["message"] == "dead_letter_failed"]  # fmt: skip
    assert failed["error"].endswith("from ClientError AWS.SimpleQueueService.NonExistentQueue")
    assert [job.state for job in jobs()] == ["waiting"]
