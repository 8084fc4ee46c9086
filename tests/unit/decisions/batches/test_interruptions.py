"""Batch work that is interrupted, duplicated, or overtaken by other changes."""

import json
from dataclasses import replace

import pytest

from tests.support.fakes.batches import FakeFiles
from tests.unit.decisions.batches.world import ROWS, big, document
from vigil.decisions.batches import multipart_file, splits
from vigil.decisions.batches.chunks_model import ChunkRange
from vigil.errors import Conflict, InvalidInput, ModelRefused, Unavailable


def test_a_lost_chunk_is_named_and_its_lane_continues(world):
    batch = big(world)
    lost = 1
    while world.outbox.jobs:
        job = world.outbox.jobs.popleft()
        if job.details.get("index") == lost:
            world.chunks.mark_lost(job.tenant_id, job.batch_id, lost, "poison")
            again = job
        else:
            world.do(job)
    status = world.batches.get("acme", batch.batch_id)
    rows = (ROWS + 1, 2 * ROWS)
    assert (status.batch.state, status.progress.lost) == ("completed_with_errors", (rows,))
    lines = [json.loads(line) for line in world.results(batch)]
    assert [line["row"] for line in lines] == list(range(1, status.batch.rows + 1))
    assert {line["row"] for line in lines if "errors" in line} == set(range(rows[0], rows[1] + 1))
    assert {line["row"] for line in world.errors(batch)} == set(range(rows[0], rows[1] + 1))

    world.do(again)  # a user retries it
    world.run()
    status = world.batches.get("acme", batch.batch_id)
    assert (status.batch.state, status.progress.lost, status.progress.failed) == ("completed", (), 0)
    assert not [line for line in world.results(batch) if "errors" in line]


def test_marking_a_done_chunk_as_lost_changes_nothing(world):
    batch = big(world)
    world.run()
    world.chunks.mark_lost("acme", batch.batch_id, 1, "late")
    assert world.batches.get("acme", batch.batch_id).progress.lost == ()
    assert not world.outbox.jobs


def test_a_split_out_of_time_continues_by_message(world, monkeypatch):
    monkeypatch.setattr(splits, "CHUNKS_PER_WRITE", 2)
    world.left = 1.0
    batch = big(world)
    assert [job.kind for job in world.outbox.jobs] == ["batch.split"]
    world.run()
    assert world.state(batch) == "completed"
    assert len({job for job in world.outbox.sent if ".split." in job}) == 5


def test_an_assembly_out_of_time_continues_by_message(world, monkeypatch):
    monkeypatch.setattr(multipart_file, "PART_BYTES", 1 << 12)
    monkeypatch.setattr(FakeFiles, "complete_upload", finish_small)
    world.left = 1.0
    batch = big(world)
    world.run()
    assert world.state(batch) == "completed"
    assert len(world.results(batch)) == ROWS * 10 - 5
    assert len([job for job in world.outbox.sent if ".assembly." in job]) > 5


def finish_small(self, key, upload):
    parts = self.uploads.pop(upload)
    self.put(key, b"".join(content for _, content in sorted(parts.items())), self.metadata[key])


def test_an_older_split_cannot_write_chunks(world):
    batch = big(world)
    now = world.books.get("acme", batch.batch_id)
    assert not world.books.add_chunks(replace(now, run="older"), [ChunkRange(0, 0, 1, 1, 1)])
    world.books.batches["acme", batch.batch_id] = replace(now, state="splitting", run="newer")
    world.splits.resume(replace(now, state="splitting"), now.run, ChunkRange(0, 0, 0, 1, 0), lambda: 100)
    assert world.state(batch) == "splitting"


def test_a_split_is_restarted_after_a_crash(world):
    batch = big(world)
    finished = world.books.get("acme", batch.batch_id)
    world.outbox.jobs.clear()
    world.books.batches["acme", batch.batch_id] = replace(finished, state="splitting", chunks=0, rows=0)
    world.arrive(batch)
    world.run()
    assert world.state(batch) == "completed"


def test_a_repeated_split_starts_the_lanes_after_a_crash(world):
    batch = big(world)
    world.outbox.jobs.clear()
    world.arrive(batch)
    world.run()
    assert world.state(batch) == "completed"


def test_a_second_upload_is_ignored(world):
    batch = big(world)
    world.files.put(batch.upload_key, b"other", {})
    world.arrive(batch, "2")
    world.run()
    assert len(world.results(batch)) == ROWS * 10 - 5


def test_a_cancelled_batch_starts_no_further_chunk(world):
    batch = big(world)
    world.do(world.outbox.jobs.popleft())
    assert world.batches.cancel("acme", batch.batch_id).state == "cancelled"
    world.run()
    assert (world.state(batch), len(world.books.settled)) == ("cancelled", 1)
    assert world.batches.cancel("acme", batch.batch_id).state == "cancelled"
    with pytest.raises(Conflict, match="results exist only"):
        world.batches.output_url("acme", batch.batch_id, "results")


def test_an_ended_batch_cannot_be_cancelled(world):
    batch = big(world, 1)
    world.run()
    with pytest.raises(Conflict, match="has ended: completed"):
        world.batches.cancel("acme", batch.batch_id)


def test_a_batch_uses_its_model_after_another_is_promoted(world):
    batch = big(world)
    world.models.promote(version=2)
    world.run()
    assert {json.loads(line)["model"]["version"] for line in world.results(batch)} == {1}


@pytest.mark.parametrize("failure", [Unavailable("away"), ModelRefused("expired", "ran out")])
def test_a_chunk_without_its_model_is_not_settled(world, failure):
    batch = big(world)
    world.models.failure = failure
    with pytest.raises(type(failure)):
        world.do(world.outbox.jobs[0])
    assert world.books.settled == []
    assert world.state(batch) == "running"


def test_a_changed_file_is_detected(world):
    batch = big(world)
    world.books.batches["acme", batch.batch_id] = replace(world.books.get("acme", batch.batch_id), source_version="2")
    world.files.put(batch.upload_key, b"{}\n", {})
    with pytest.raises(InvalidInput, match="has changed since it was split"):
        world.do(world.outbox.jobs[0])
    assert world.books.settled == []


def test_a_file_is_read_in_ranges(world):
    world.upload(b"".join(document(n) for n in range(100_000)))
    assert world.files.longest_read <= splits.READ_BYTES


def test_a_batch_cancelled_before_its_rows_are_found_reads_no_more(world, monkeypatch):
    batch, read, keys = world.order(), FakeFiles.read, []
    world.files.put(batch.upload_key, document(1), {})

    def cancelling(files, key, *place):
        if not keys:
            world.batches.cancel("acme", batch.batch_id)
        keys.append(key)
        return read(files, key, *place)

    monkeypatch.setattr(FakeFiles, "read", cancelling)
    world.arrive(batch)
    assert (world.state(batch), keys, list(world.outbox.jobs)) == ("cancelled", [batch.upload_key], [])
