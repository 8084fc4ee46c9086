"""The objective of batches counts each end once, with the time from the request or from the first chunk."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from vigil.decisions.batches.ending import has_objective, is_late
from vigil.decisions.batches.model import Batch
from vigil.decisions.batches.stream import AbandonedBatchWork, AssemblyWorker, to_message
from vigil.kernel.time import format_timestamp
from vigil.runtime import telemetry
from vigil.runtime.telemetry import RequestFacts
from vigil.workers.worker_loop import Deadline

NOW = datetime(2026, 11, 21, 5, tzinfo=UTC)
BATCH = Batch("acme", "b-1", "iit", "csv", "completed", format_timestamp(NOW), "c-1", "f", 0)
HOUR = timedelta(hours=1)
LONG = Deadline(math.inf)


@pytest.fixture
def facts():
    """The facts of the running message."""
    token = telemetry.current.set(RequestFacts())
    yield telemetry.current.get()
    telemetry.current.reset(token)


@pytest.mark.parametrize(("minutes", "late"), [(15, False), (15.1, True)])
@pytest.mark.parametrize("inline", [True, False])
def test_a_batch_is_late_after_15_minutes(inline, minutes, late):
    began = NOW if inline else NOW + HOUR  # the tenant uploaded its file an hour after the request
    ended = replace(BATCH, inline=inline, started_at=format_timestamp(NOW + HOUR))
    assert is_late(replace(ended, ended_at=format_timestamp(began + timedelta(minutes=minutes)))) is late


def test_a_large_batch_has_no_objective():
    assert has_objective(replace(BATCH, rows=100_000))
    assert not has_objective(replace(BATCH, rows=100_001))


def test_a_batch_counts_once_although_its_message_is_repeated(world, facts):
    batch = world.upload(b"age,subject_id,stage\r\n40,p-1,II\r\n", "csv")
    worker = AssemblyWorker(world.assembly, world.books.get, lambda _: True)
    jobs = []
    while world.outbox.jobs:
        job = world.outbox.jobs.popleft()
        if job.kind == "batch.assembly":
            jobs.append(job)
            worker.do(to_message(job), LONG)
        else:
            world.do(job)
    assert jobs
    worker.do(to_message(jobs[0]), LONG)
    assert world.state(batch) == "completed"
    assert facts.totals == {"BatchesDone": 1}


def test_a_batch_that_was_given_up_is_bad(world, facts):
    batch = world.order("csv")
    abandoned = AbandonedBatchWork(world.chunks, world.splits, world.books.get)
    abandoned.record_abandoned(to_message(batch.make_job("batch.split", "first", {"run": "r"})))
    assert facts.totals == {"BatchesDone": 1, "BatchesDoneLate": 1}
