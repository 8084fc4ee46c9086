"""A person is erased from a batch that has not ended: in time, completely, and without harm to the batch."""

import gzip
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.batch_rows import person_rows_of
from tests.support.fakes.tenant_keys import tenant_key
from tests.unit.decisions.batches.world import ROWS, document
from vigil.decisions.batches import running_erasure
from vigil.errors import Conflict, NotFound
from vigil.kernel.time import format_timestamp
from vigil.privacy.persons.model import Person

CHUNKS = 6
NAME = "p-7"
"""The person; the tenth row of each chunk is another row of it."""


class Scene:
    def __init__(self, world, form="ndjson", pack=bytes):
        self.world = world
        self.rows = person_rows_of(world.books, world.files, world.clock)
        self.batch = world.upload(pack(content(form)), form)
        world.do(world.outbox.jobs.popleft())
        world.clock.advance(minutes=1)
        self.person = Person("acme", tenant_key("acme").pseudonym(NAME), format_timestamp(world.clock()))

    def run(self):
        """Run the erasure as often as its function does, and return True once a store is clean."""
        try:
            found = self.rows.find(self.person, None)
            keys = found.keys
            while keys:
                keys = self.rows.delete(self.person, keys)
        except Conflict:
            return False
        return not found.keys

    def erase(self):
        """Return the minutes from the request to a clean pass."""
        for minute in range(60):
            if self.run():
                return minute
            self.world.clock.advance(minutes=1)
        return pytest.fail("the erasure did not end")

    def bytes_left(self):
        """Return the versions of files that still have the person's rows."""
        return [key for key, versions in self.world.files.objects.items() if any(names(each) for each in versions)]


def names(content):
    text = gzip.decompress(content) if content and content[:2] == b"\x1f\x8b" else content or b""
    return b'"p-7"' in text or b"\np-7," in text or b",p-7," in text


def content(form):
    lines = [document(7 if number % ROWS == 9 else number + 100) for number in range(ROWS * CHUNKS)]
    if form == "ndjson":
        return b"".join(lines)
    rows = [json.loads(line)["subject_id"] for line in lines]
    return b"subject_id,age,stage\r\n" + "".join(f'{row},40,"I"\r\n' for row in rows).encode()


@pytest.mark.parametrize("form", ["ndjson", "csv"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_person_is_erased_from_a_stuck_batch_within_15_minutes(world, form, pack):
    scene = Scene(world, form, pack)
    assert scene.erase() <= 12
    assert scene.bytes_left() == []
    assert world.state(scene.batch) == "running"
    assert world.books.get("acme", scene.batch.batch_id).columns == scene.batch.columns or form == "csv"


@pytest.mark.parametrize("form", ["ndjson", "csv"])
def test_the_batch_ends_without_the_person_and_with_all_other_rows(world, form):
    scene = Scene(world, form)
    scene.erase()
    world.run()
    assert world.state(scene.batch) == "completed_with_errors"
    lines = world.results(scene.batch)[1 if form == "csv" else 0 :]
    assert len(lines) == ROWS * CHUNKS
    erased = [number for number, line in enumerate(lines) if "was erased with its subject's data" in line]
    assert erased == [number for number in range(ROWS * CHUNKS) if number % ROWS == 9]
    assert sum("error" in line for line in lines) == len(erased) or form == "csv"
    assert scene.bytes_left() == []
    assert world.books.get("acme", scene.batch.batch_id).left_out == ()


def test_a_healthy_batch_goes_on_while_an_erasure_waits(world):
    scene = Scene(world)
    assert not scene.run()
    world.run()
    lines = [json.loads(line) for line in world.results(scene.batch)]
    assert world.state(scene.batch) == "completed_with_errors"
    assert [line["row"] for line in lines if "errors" in line] == [10 + ROWS * chunk for chunk in range(1, CHUNKS)]
    assert lines[9]["subject_id"] == NAME  # this chunk was done before
    assert scene.erase() <= 2
    assert scene.bytes_left() == []


def test_a_chunk_that_began_before_cannot_settle_afterwards(world):
    scene = Scene(world)
    before, chunk = world.books.find_chunk("acme", scene.batch.batch_id, 1)
    assert not scene.run()
    assert not world.books.settle(before, replace(chunk, state="done"), "waiting")


def test_a_chunk_whose_file_was_rewritten_is_delivered_again(world, monkeypatch):
    scene = Scene(world)
    old = world.books.get("acme", scene.batch.batch_id)
    scene.erase()
    find = world.books.find_chunk
    stale = iter([(replace(old, left_out=()), find("acme", scene.batch.batch_id, 1)[1])])
    monkeypatch.setattr(world.books, "find_chunk", lambda *name: next(stale, None) or find(*name))
    with pytest.raises(Conflict, match="was replaced"):
        world.do(world.outbox.jobs[0])


@pytest.mark.parametrize("state", ["splitting", "assembling"])
def test_a_batch_that_is_stuck_before_or_after_its_chunks_fails(world, state):
    scene = Scene(world)
    world.books.change(scene.batch, ("running",), {"state": state})
    assert scene.erase() <= 13
    ended = world.books.get("acme", scene.batch.batch_id)
    assert (ended.state, ended.errors[0].bound) == ("failed", "send the file again")
    assert scene.bytes_left() == []


def test_an_interrupted_erasure_continues(world, monkeypatch):
    """The process crashes after each change of a file; the step is repeated."""
    monkeypatch.setattr(running_erasure, "STEP_BYTES", 0)
    scene = Scene(world)
    scene.run()
    world.clock.advance(minutes=15)
    (key,) = scene.rows.find(scene.person, None).keys
    for _ in range(50):
        following = scene.rows.delete(scene.person, [key])
        assert scene.rows.delete(scene.person, [key]) or not following  # a repeated step
        if not following:
            break
        (key,) = following
    assert scene.bytes_left() == []
    world.run()
    assert len(world.results(scene.batch)) == ROWS * CHUNKS


def test_only_the_persons_rows_change_and_keep_their_length(world):
    scene = Scene(world)
    source = world.files.read(scene.batch.upload_key, "1", 0, -1)
    scene.erase()
    with pytest.raises(NotFound):
        world.files.read(scene.batch.upload_key, "", 0, -1)
    now = world.books.get("acme", scene.batch.batch_id)
    left = world.files.read(now.source, now.source_version, 0, -1)
    assert len(left) == len(source)
    for old, new in zip(source.split(b"\n"), left.split(b"\n"), strict=True):
        assert new == (old if not names(old) else bytes(len(old)))
    assert timedelta(minutes=0) < running_erasure.MAX_WAIT < timedelta(minutes=15)
