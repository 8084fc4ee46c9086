"""After an erasure, only the number of a person's row is left, in every version of every file and in every record."""

import gzip
import json
import re

import pytest

from tests.support.batch_rows import person_rows_of
from tests.support.fakes.tenant_keys import tenant_key
from tests.unit.decisions.batches.world import ROWS, document
from vigil.decisions.batches import ended_erasure, running_erasure
from vigil.decisions.batches.results import format_erased_row
from vigil.errors import Conflict
from vigil.kernel.time import format_timestamp
from vigil.privacy.persons.model import Person

CHUNKS = 4
NAME = "770077"
"""The person, whose id can also be a number."""
CANARY = "CANARY"
OTHER_BAD = 3
"""Place in each chunk of another person's bad row."""
SPELLINGS = {
    "ndjson": (
        '{"subject_id":"770077","features":{"age":40,"visits":1,"urban":true,"stage":"II"}}',
        '{"subject_id":"\\u003770077","features":{"age":40,"visits":1,"urban":true,"stage":"II"}}',
        '{"subject_id":770077,"CANARY_MEMBER":1}',
        '{"subject_id":" 770077 ","features":{"stage":"CANARY"}}',
        '{"subject_id":"770077","features":{"age":1000,"CANARY_FEATURE":1}}',
        '{"subject_id":["770077"],"features":{}}',
        '{"subject_id":"770077","features":"CANARY_BROKEN',
    ),
    "csv": (
        "770077,40,II",
        '"770077",40,II',
        " 770077,40,CANARY",
        "770077,1000,II",
        "770077,CANARY",
        "770077,40,II,CANARY",
    ),
}
OTHER_BAD_ROW = {"ndjson": '{"subject_id":"p-1","features":{"age":2000}}', "csv": "p-1,2000,II"}


def lines(form):
    """Return the rows of a file: each chunk has every spelling of the person from its tenth row on."""
    found = []
    for number in range(ROWS * CHUNKS):
        place, spelling = number % ROWS, number % ROWS - 9
        if place == OTHER_BAD:
            found.append(OTHER_BAD_ROW[form])
        elif 0 <= spelling < len(SPELLINGS[form]):
            found.append(SPELLINGS[form][spelling])
        else:
            found.append(document(number).decode().strip() if form == "ndjson" else f"p-{number},40,II")
    return found


class Scene:
    def __init__(self, world, form, pack):
        self.world, self.form, self.rows = world, form, lines(form)
        head = ["subject_id,age,stage"] if form == "csv" else []
        self.batch = world.upload(pack("\n".join([*head, *self.rows, ""]).encode()), form)
        world.do(world.outbox.jobs.popleft())  # the first chunk
        world.clock.advance(minutes=1)
        self.person = Person("acme", tenant_key("acme").pseudonym(NAME), format_timestamp(world.clock()))
        self.numbers = [n for n, row in enumerate(self.rows, 1) if "770077" in row or "\\u003770077" in row]

    def erase(self, chunks_meanwhile, chunks_between=0):
        """Run the erasure every minute until a pass finds nothing.

        Some chunks are scored while it waits, and some between its steps.
        """
        self.chunks_between = chunks_between
        for _ in range(60):
            found = self._pass()
            if found is not None and not found:
                return
            self._score(chunks_meanwhile)
            chunks_meanwhile = 0
            self.world.clock.advance(minutes=1)
        pytest.fail("the erasure did not end")

    def _score(self, most):
        for _ in range(min(most, len(self.world.outbox.jobs))):
            self.world.do(self.world.outbox.jobs.popleft())

    def _pass(self):
        erasable = person_rows_of(self.world.books, self.world.files, self.world.clock)
        try:
            keys = found = erasable.find(self.person, None).keys
            while keys:
                keys = erasable.delete(self.person, keys)
                self._score(self.chunks_between)
        except Conflict:
            return None
        return found

    def texts(self):
        """Return every version of every file, unpacked, and every record, as text by place."""
        stored = {
            (key, number): (gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content).decode(
                errors="replace"
            )
            for key, versions in self.world.files.objects.items()
            for number, content in enumerate(versions)
            if content is not None
        }
        return stored | {"batches": repr(self.world.books.batches), "chunks": repr(self.world.books.ledger)}

    def traces(self):
        """Return the places with something of the person's rows: id, values, digests, or error words."""
        digests = [self.batch.row_digests([row.encode()])[0] for row in self.rows if "770077" in row]
        texts = self.texts()
        found = [place for place, text in texts.items() if any(t in text for t in (NAME, CANARY, *digests))]
        return found + [
            place
            for place, text in texts.items()
            if place[0].startswith(("parts", "results")) and self._says_more(text)
        ]

    def _says_more(self, text):
        erased = {format_erased_row(form, n) for n in self.numbers for form in ("csv", "ndjson")}
        mine = [
            line
            for line in text.splitlines()
            if (found := re.match(r'(?:\{"row":)?(\d+),', line)) and int(found[1]) in self.numbers
        ]
        return set(mine) - erased


@pytest.mark.parametrize("meanwhile", [0, 2, 50], ids=["none", "two", "all"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize("form", ["ndjson", "csv"])
def test_an_erasure_leaves_only_row_numbers(world, form, pack, meanwhile):
    scene = Scene(world, form, pack)
    assert scene.traces()
    scene.erase(meanwhile)
    assert scene.traces() == []
    world.run()
    assert world.state(scene.batch) == "completed_with_errors"
    assert scene.traces() == []
    assert len(world.results(scene.batch)) == ROWS * CHUNKS + (form == "csv")


@pytest.mark.parametrize("form", ["ndjson", "csv"])
def test_chunks_between_the_steps_of_an_erasure_bring_no_row_back(world, form):
    scene = Scene(world, form, bytes)
    scene.erase(0, chunks_between=1)
    assert scene.traces() == []
    world.run()
    assert scene.traces() == []


@pytest.mark.parametrize("form", ["ndjson", "csv"])
def test_an_erasure_from_an_ended_batch_leaves_only_row_numbers(world, form):
    scene = Scene(world, form, bytes)
    world.run()
    assert scene.traces()
    scene.erase(0)
    assert scene.traces() == []


@pytest.mark.parametrize("is_running", [True, False])
@pytest.mark.parametrize("form", ["ndjson", "csv"])
def test_a_bad_row_of_another_person_keeps_number_and_errors(world, form, is_running):
    scene = Scene(world, form, bytes)
    if not is_running:
        world.run()
    scene.erase(0)
    stored = scene.texts()
    key = f"parts/acme/{scene.batch.batch_id}/errors/000000" if is_running else scene.batch.output_key("errors")
    (text,) = (text for place, text in stored.items() if place[0] == key)
    line = json.loads(text.splitlines()[0])
    assert (line["row"], line["input_hash"], line["errors"][0]["field"]) == (OTHER_BAD + 1, None, "features.age")


@pytest.mark.parametrize("room", [running_erasure, ended_erasure])
def test_an_erasure_in_small_steps_leaves_only_row_numbers(world, room, monkeypatch):
    monkeypatch.setattr(room, "STEP_BYTES", 0)
    scene = Scene(world, "ndjson", bytes)
    if room is ended_erasure:
        world.run()
    scene.erase(0)
    assert scene.traces() == []
