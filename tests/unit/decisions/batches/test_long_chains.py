"""Lanes of a large batch are long chains of messages, which Lambda stops unless the function allows loops."""

import io

import pytest

from tests.support.batch_rows import answered_rows
from tests.support.fakes.clock import Clock
from tests.support.fakes.tenant_keys import tenant_key
from tests.support.faultbed.bed import Bed
from tests.support.faultbed.event_source import EventSource
from tests.support.faultbed.recursion import MOST_CALLS, LoopDetection
from tests.support.faultbed.virtual_queues import VirtualQueues
from tests.support.gateway import Context
from tests.support.templates import functions
from tests.unit.decisions.batches.world import World
from vigil.decisions.batches.charges import BatchCharges
from vigil.decisions.batches.chunks import ChunkScoring
from vigil.decisions.batches.limits_model import LANES
from vigil.decisions.batches.model import BatchTerms
from vigil.decisions.batches.ports import BatchPorts
from vigil.decisions.batches.splits import FileSplitting
from vigil.decisions.batches.stream import ChunkWorker, JobQueues
from vigil.decisions.scoring.model import EncodedSubject
from vigil.runtime.telemetry import Telemetry
from vigil.workers.queues import SqsQueue
from vigil.workers.worker_loop import Worker

ROWS = 1_000_000
ROW = b"p,1\n"
URL, DEAD, ASSEMBLIES = (f"https://sqs/batch-{name}" for name in ("chunks", "chunks-dead", "assemblies"))


class SameAnswer:
    """Scorer that returns the same answer for every row."""

    def answer_rows(self, subjects):
        return answered_rows(["0.5"] * len(subjects), 4)


@pytest.fixture(autouse=True)
def untraced(monkeypatch):
    monkeypatch.setenv("POWERTOOLS_TRACE_DISABLED", "true")


def chunks_after(detection):
    """Return the states of all chunks after a million rows went through the chunk worker's queue."""
    world, queues = World(), VirtualQueues(Bed("http://127.0.0.1:9"), Clock(), seed=1, duplicates=0)
    sqs = queues.client()
    queues.create(URL, DEAD, consumer=detection)
    queues.create(DEAD)
    queues.create(ASSEMBLIES)
    jobs = JobQueues({"batch.chunk": SqsQueue(sqs, URL), "batch.assembly": SqsQueue(sqs, ASSEMBLIES)})
    ports = BatchPorts(world.books, world.files, jobs, world.clock, lambda _: None)
    subject = EncodedSubject("p", bytes(8))
    chunks = ChunkScoring(
        ports,
        world.models,
        lambda *_: SameAnswer(),
        lambda *_: lambda lines: [subject] * len(lines),
        tenant_key,
        lambda *_: b"",
    )
    splits = FileSplitting(ports, world.models, lambda _: BatchTerms(), BatchCharges(world.quota, world.holds))

    batch = world.order("csv")
    world.files.put(batch.upload_key, content := b"subject_id,age\n" + ROW * ROWS, {})
    splits.start(world.books.get("acme", batch.batch_id), "1", len(content), lambda: 1000.0)

    worker = Worker(ChunkWorker(chunks, lambda _: True).do, Telemetry("chunks", io.StringIO()), SqsQueue(sqs, DEAD))
    events = EventSource(sqs, URL, worker.handle, Context(100_000), batch=1, consumer=detection)
    while queues.waiting(URL):
        events.poll()
    return [chunk.state for chunk in world.books.chunks(world.books.get("acme", batch.batch_id))]


def test_a_million_rows_pass_with_the_loops_of_the_template():
    allowed = functions()["BatchesChunk"].get("RecursiveLoop") == "Allow"
    detection = LoopDetection("batches-chunk", allowed)
    states = chunks_after(detection)
    assert len(states) > LANES * MOST_CALLS
    assert {*states} == {"done"}
    assert detection.stopped == []


def test_without_permission_lambda_stops_each_lane_at_its_17th_chunk():
    detection = LoopDetection("batches-chunk", allowed=False)
    states = chunks_after(detection)
    assert states.count("done") == LANES * MOST_CALLS
    assert len(detection.stopped) == LANES
