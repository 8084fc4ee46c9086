"""Rows that never end hardly slow the batches of other tenants: workers on virtual queues, in steps."""

import io
from dataclasses import dataclass, field

import pytest

from tests.support.fakes.clock import Clock
from tests.support.fakes.tenant_keys import tenant_key
from tests.support.faultbed.bed import Bed
from tests.support.faultbed.event_source import record
from tests.support.faultbed.virtual_queues import VirtualQueues
from tests.support.gateway import Context
from tests.unit.decisions.batches.world import ROWS, World, document, scorer
from vigil.bootstrap.decisions import count_rows
from vigil.decisions.batches import fast_rows, splits
from vigil.decisions.batches.chunks import ChunkScoring
from vigil.decisions.batches.limits_model import LANES, MAX_UNFINISHED_BATCHES
from vigil.decisions.batches.stream import AssemblyWorker, ChunkWorker, JobQueues, SplitWorker
from vigil.runtime.telemetry import Telemetry
from vigil.workers.cpu_limit import OutOfTime
from vigil.workers.queues import SqsQueue
from vigil.workers.worker_loop import Worker

POISONED = ("acme", "initech", "umbrella")
"""Tenants whose rows never end."""
OTHER = "globex"
ENDLESS = 54
"""Steps of a delivery whose rows never end: its whole time in seconds. Every other delivery takes one step."""


class Endless:
    """A scorer whose rows never end."""

    def answer_rows(self, subjects):
        raise OutOfTime


@dataclass
class Pool:
    """The concurrent invocations of one function, each with one message of its queue."""

    sqs: object
    url: str
    handle: object
    size: int
    busy: list[list] = field(default_factory=list)

    def step(self):
        """Advance each invocation by one step, end those that are done, and start others."""
        for invocation in self.busy:
            invocation[0] -= 1
        for _, message in [each for each in self.busy if each[0] <= 0]:
            self._end(message)
        self.busy = [each for each in self.busy if each[0] > 0]
        while len(self.busy) < self.size:
            received = self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=1, VisibilityTimeout=360)
            if not (messages := received.get("Messages")):
                return
            tenant = messages[0]["MessageAttributes"]["tenant_id"]["StringValue"]
            is_endless = tenant in POISONED and "chunk" in self.url
            self.busy.append([ENDLESS if is_endless else 1, messages[0]])

    def _end(self, message):
        answer = self.handle({"Records": [record(message, f"arn:aws:sqs:x:0:{self.url[-5:]}")]}, Context(60_000))
        if not answer["batchItemFailures"]:
            entries = [{"Id": "0", "ReceiptHandle": message["ReceiptHandle"]}]
            self.sqs.delete_message_batch(QueueUrl=self.url, Entries=entries)


class Deployment:
    """Batches of several tenants on virtual queues, with the concurrency of `infra/functions/decisions.yaml`."""

    def __init__(self, seed, fair=True):
        clock = Clock()
        queues = VirtualQueues(Bed("http://127.0.0.1:9"), clock, seed, duplicates=0.0, fair=fair)
        self.sqs, sizes = queues.client(), {"batch.split": 5, "batch.chunk": 16, "batch.assembly": 5}
        urls = {kind: queues.create(f"https://sqs/{kind}") for kind in sizes}
        self.world = World(outbox=JobQueues({kind: SqsQueue(self.sqs, url) for kind, url in urls.items()}), clock=clock)
        books = self.world.books
        chunks = ChunkScoring(
            self.world.ports, self.world.models, self.scorer, fast_rows.build_fast_reader, tenant_key, count_rows
        )
        work = {
            "batch.split": SplitWorker(self.world.splits, books.get).do,
            "batch.chunk": ChunkWorker(chunks, lambda _: True).do,
            "batch.assembly": AssemblyWorker(self.world.assembly, books.get, lambda _: True).do,
        }
        dead = SqsQueue(self.sqs, queues.create("https://sqs/dead"))
        self.pools = [
            Pool(self.sqs, urls[kind], Worker(work[kind], Telemetry("t", io.StringIO()), dead).handle, size)
            for kind, size in sizes.items()
        ]

    def scorer(self, model, batch):
        return Endless() if batch.tenant_id in POISONED else scorer(model, batch)

    def start(self, tenant, rows):
        batch = self.world.order(tenant=tenant)
        self.world.files.put(batch.upload_key, b"".join(document(n) for n in range(rows)), {})
        self.world.arrive(batch)
        return batch

    def step(self):
        self.world.clock.advance(seconds=1)
        for pool in self.pools:
            pool.step()

    def steps_of_one_row(self):
        """Return the steps from the arrival of another tenant's file of one row to its results."""
        batch, steps = self.start(OTHER, 1), 0
        while self.world.state(batch) != "completed":
            self.step()
            steps += 1
        return steps


def loaded(seed, wait, tenants=POISONED[:1], fair=True):
    """Return a deployment with ten poisoned batches of each tenant, after some steps."""
    deployment = Deployment(seed, fair)
    for tenant in tenants:
        for _ in range(MAX_UNFINISHED_BATCHES):
            deployment.start(tenant, ROWS * 20)
    for _ in range(wait):
        deployment.step()
    return deployment


def slowdown(seed, wait):
    """Return the steps of a one-row batch beside ten poisoned batches, divided by those alone."""
    return loaded(seed, wait).steps_of_one_row() / Deployment(seed).steps_of_one_row()


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(splits, "SLOW_CHUNK_ROWS", ROWS)


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.faults) for seed in (1, 2))])
@pytest.mark.parametrize("wait", [0, 1, ENDLESS - 1, ENDLESS + 1])
def test_endless_rows_slow_another_tenant_by_2_at_most(seed, wait):
    assert slowdown(seed, wait) <= 2


def test_without_a_share_of_the_workers_the_other_tenant_waits(monkeypatch):
    monkeypatch.setattr(splits, "lanes_beside", lambda _unfinished: LANES)
    assert slowdown(0, 1) > 10


@pytest.mark.parametrize(("count", "seed"), [(2, 0), (3, 1), pytest.param(3, 0, marks=pytest.mark.faults)])
def test_several_poisoned_tenants_delay_others_by_one_delivery(count, seed):
    alone = Deployment(seed).steps_of_one_row()
    assert loaded(seed, ENDLESS + 10, POISONED[:count]).steps_of_one_row() <= alone + ENDLESS


def test_without_groups_the_other_tenant_waits_for_several_deliveries():
    steps = (loaded(seed, ENDLESS + 10, POISONED, fair=False).steps_of_one_row() for seed in range(5))
    assert any(each > 2 * ENDLESS for each in steps)


def test_an_endless_chunk_ends_within_one_delivery():
    deployment = Deployment(0)
    batch = deployment.start(POISONED[0], ROWS)
    for _ in range(ENDLESS + 5):
        deployment.step()
    status = deployment.world.batches.get(POISONED[0], batch.batch_id)
    assert (status.batch.state, status.progress.lost) == ("completed_with_errors", ((1, ROWS),))
