"""One person's rows in batch files: export and erasure are complete and affect only that person."""

import gzip
import json
from datetime import UTC, datetime

import pytest

from tests.support.batch_rows import person_rows_of
from tests.support.fakes.batches import FakeBatchStore, FakeFiles
from tests.support.fakes.clock import Clock
from tests.support.fakes.tenant_keys import tenant_key
from vigil.decisions.batches import blocks, ended_erasure, limits_model, person_rows
from vigil.decisions.batches.model import Batch
from vigil.decisions.batches.results import COLUMNS, format_erased_row
from vigil.decisions.batches.subject_rows import SubjectRows
from vigil.errors import Conflict
from vigil.privacy.persons.model import Person

JANE = Person("acme", tenant_key("acme").pseudonym("42"), "2026-03-02")
NOW = datetime(2026, 3, 1, tzinfo=UTC).isoformat()


@pytest.mark.parametrize(
    ("form", "line", "mine"),
    [
        ("ndjson", '{"subject_id": "42", "features": {"age": 7}}', True),
        ("ndjson", '{"subject_id":"7","features":{"age":42}}', False),
        ("ndjson", '{"subject_id":"7","features":{"site":"42"}}', False),
        ("ndjson", '{"subject_id":"42","features":', True),  # unreadable, but it names the person
        ("ndjson", '{"subject_id":"7","features":{"age":42', True),  # unreadable, and the number could be an id
        ("ndjson", '{"subject_id":"7","features":{"age":421', False),
        ("csv", "42,7", True),
        ("csv", '"42",7\r', True),
        ("csv", "'42,7", True),
        ("csv", "7,42", False),
        ("csv", "subject_id,age", False),
        ("csv", "42,7,8", True),
        ("csv", '42,"7', True),
        ("csv", "421,7", False),
    ],
)
def test_a_line_belongs_to_the_subject_in_its_subject_id(form, line, mine):
    assert (SubjectRows(form, ("subject_id", "age"), "42".__eq__).match(f"{line}\n".encode()) is not None) is mine


class Killed(Exception):
    """The process has crashed."""


class Dying:
    """Files that crash the process after the n-th change."""

    def __init__(self, files, at):
        self._files, self._left = files, at

    def __getattr__(self, name):
        called = getattr(self._files, name)
        return called if name in {"read", "versions"} else lambda *given: self._change(called, *given)

    def _change(self, called, *given):
        answer = called(*given)
        self._left -= 1
        if self._left == 0:
            raise Killed
        return answer


class Scene:
    def __init__(self, form="ndjson"):
        self.books, self.files, self.clock = FakeBatchStore(), FakeFiles(), Clock()
        self.clock.advance(days=1)
        self.rows = person_rows_of(self.books, self.files, self.clock)
        self.batch = Batch("acme", "bat_1", "toy", form, "completed", NOW, "c", "f", 0, columns=("subject_id", "age"))
        self.books.create(self.batch, 10)

    def keys(self):
        """Return the final result, and the number of steps."""
        found, self.steps = self.rows.find(JANE, None), 1
        while not found.keys and found.after:
            found = self.rows.find(JANE, found.after)
            self.steps += 1
        return found.keys

    def erase(self):
        """Delete step by step; the process crashes at every call of each step. Return the number of steps."""
        keys, steps = self.keys(), 0
        while keys:
            steps, at, done = steps + 1, 0, None
            while done is None:
                at += 1
                try:
                    done = person_rows_of(self.books, Dying(self.files, at), self.clock).delete(JANE, keys)
                except Killed:
                    continue
            keys = done
        return steps

    def results(self):
        return [content for content in self.files.objects[self.batch.output_key("results")] if content is not None]

    def told(self):
        entries, after, parts = [], None, 0
        while True:
            part = self.rows.read(JANE, after, lambda: 300.0)
            entries += part.entries
            parts += 1
            if (after := part.after) is None:
                return entries, parts

    def result(self, subject, row):
        cells = {"row": row, "input_hash": "x", "subject_id": subject}
        if self.batch.form == "ndjson":
            return json.dumps(cells)
        return ",".join(str(cells.get(name, "")) for name in COLUMNS)


@pytest.mark.parametrize("form", ["ndjson", "csv"])
def test_erased_results_differ_only_in_the_persons_rows(form):
    scene = Scene(form)
    lines = [scene.result(subject, row) for row, subject in enumerate(("7", "42", "8", "42"), 1)]
    head = [",".join(COLUMNS)] if form == "csv" else []
    old = "\n".join([*head, *lines, ""]).encode()
    scene.files.put(scene.batch.output_key("results"), old, {})
    scene.files.put("results/acme/bat_1/errors.ndjson", b"", {})
    scene.files.put("parts/acme/bat_1/results/000000", b"x", {})
    scene.rows.delete(JANE, scene.keys())
    (*_, now) = scene.files.objects[scene.batch.output_key("results")]
    left = now.decode().splitlines()
    kept = [*head, lines[0], lines[2]]
    assert [line for line in left if line in kept] == kept
    assert [line for line in left if "was erased" in line] == [left[len(head) + 1], left[len(head) + 3]]
    assert [json.loads(left[3])["row"] if form == "ndjson" else int(left[4].split(",")[0])] == [4]
    assert scene.files.objects[scene.batch.output_key("results")][0] is None
    assert set(scene.files.objects) == {scene.batch.output_key("results"), "results/acme/bat_1/errors.ndjson"}
    assert scene.keys() == ()
    scene.rows.delete(JANE, [{"batch": "bat_1"}])  # repeated, as after a crash
    assert scene.files.objects[scene.batch.output_key("results")][-1] == now


def long_results(form, mine=7_000):
    """Return a scene with results of five parts, and the expected results after erasure."""
    scene = Scene(form)
    head = [",".join(COLUMNS)] if form == "csv" else []
    cells = {"ndjson": '{"row":%d,"subject_id":"%s","pad":"%s"}', "csv": "%d,x,%s" + "," * 15 + "%s"}[form]
    lines = [cells % (row, "42" if row % mine == 0 else "7", "x" * 1_000) for row in range(1, 40_001)]
    clean = [format_erased_row(form, row) if row % mine == 0 else line for row, line in enumerate(lines, 1)]
    scene.files.put(scene.batch.output_key("results"), "\n".join([*head, *lines, ""]).encode(), {})
    scene.files.put("parts/acme/bat_1/results/000000", b"x", {})
    return scene, "\n".join([*head, *clean, ""]).encode()


@pytest.mark.parametrize("form", ["ndjson", "csv"])
def test_long_results_are_rewritten_in_steps_despite_crashes(form, monkeypatch):
    monkeypatch.setattr(ended_erasure, "STEP_BYTES", 1 << 20)
    scene, clean = long_results(form)
    assert scene.erase() == 5
    assert scene.results() == [clean]
    assert set(scene.files.objects) == {scene.batch.output_key("results")}
    assert scene.keys() == ()


def test_an_expired_upload_is_restarted_without_losing_rows(monkeypatch):
    monkeypatch.setattr(ended_erasure, "STEP_BYTES", 1 << 20)
    scene, clean = long_results("ndjson")
    keys = scene.rows.delete(JANE, scene.rows.delete(JANE, scene.keys()))
    scene.files.uploads.clear()
    assert scene.rows.delete(JANE, keys) == ({"batch": "bat_1"},)
    assert len(scene.results()) == 1
    assert scene.erase() == 5
    assert scene.results() == [clean]


@pytest.mark.parametrize("packed", [False, True])
def test_files_are_scanned_in_steps_from_the_last_position(packed, monkeypatch):
    monkeypatch.setattr(person_rows, "STEP_BYTES", 2_000)
    monkeypatch.setattr(limits_model, "STEP_ROW_BYTES", 0)
    monkeypatch.setattr(blocks, "READ_BYTES", 64)
    scene = Scene()
    others = b"".join(b'{"subject_id":"7","row":%d}\n' % row for row in range(500))
    pack = gzip.compress if packed else bytes
    scene.files.put(scene.batch.upload_key, pack(others), {})
    assert (scene.keys(), scene.steps) == ((), 8)
    scene.files.put(scene.batch.upload_key, pack(others + b'{"subject_id":"42"}\n'), {})
    assert (scene.keys(), scene.steps) == (({"batch": "bat_1"},), 15)


def test_a_step_of_short_rows_ends_after_a_bounded_number_of_rows(monkeypatch):
    monkeypatch.setattr(person_rows, "STEP_BYTES", 10 * limits_model.STEP_ROW_BYTES)
    scene = Scene("csv")
    scene.files.put(scene.batch.upload_key, b"7,40\n" * 120, {})
    assert (scene.keys(), scene.steps) == ((), 11)


def test_a_bad_row_counts_sixteen_times_in_a_step(monkeypatch):
    monkeypatch.setattr(person_rows, "STEP_BYTES", 10 * limits_model.BAD_ROW_COST * 300)
    scene = Scene("csv")
    scene.files.put(scene.batch.upload_key, (b"7;" + b"x" * 297 + b"\n") * 120, {})
    assert (scene.keys(), scene.steps) == ((), 11)


def test_a_file_deleted_between_steps_hides_no_other_file(monkeypatch):
    monkeypatch.setattr(person_rows, "STEP_BYTES", 100)
    scene = Scene()
    lines = b'{"subject_id":"7"}\n' * 20
    for content in (lines, b'{"subject_id":"42"}\n' + lines):
        scene.files.put(scene.batch.upload_key, content, {})
    place = scene.rows.find(JANE, None).after
    scene.files.objects[scene.batch.upload_key][0] = None
    assert scene.rows.find(JANE, place).keys == ({"batch": "bat_1"},)


def test_every_version_and_packed_file_is_scanned():
    scene = Scene()
    for content in (b'{"subject_id":"42"}\n', b'{"subject_id":"7"}\n'):
        scene.files.put(scene.batch.upload_key, content, {})
    assert scene.keys() == ({"batch": "bat_1"},)
    packed = Scene()
    packed.files.put(packed.batch.upload_key, gzip.compress(b'{"subject_id":"7"}\n{"subject_id":"42"}'), {})
    assert packed.keys() == ({"batch": "bat_1"},)
    assert packed.told()[0] == [{"batch_id": "bat_1", "file": "uploads/input", "row": {"subject_id": "42"}}]
    broken = Scene()
    broken.files.put(broken.batch.upload_key, gzip.compress(b'{"subject_id":"7"}\n' * 99)[:-9], {})
    assert broken.keys() == ({"batch": "bat_1"},)  # the rest may name anybody
    assert broken.told()[0] == []


@pytest.mark.parametrize("packed", [False, True])
def test_an_export_in_parts_contains_every_row_once(monkeypatch, packed):
    scene = Scene()
    lines = [json.dumps({"subject_id": "42" if row % 3 else "7", "row": row}) for row in range(200)]
    content = "\n".join(lines).encode()
    scene.files.put(scene.batch.upload_key, gzip.compress(content) if packed else content, {})
    monkeypatch.setattr(blocks, "READ_BYTES", 64)
    whole, _ = scene.told()
    monkeypatch.setattr(person_rows, "MAX_EXPORT_BYTES", 100)
    entries, parts = scene.told()
    assert entries == whole
    assert [entry["row"]["row"] for entry in whole] == [row for row in range(200) if row % 3]
    assert parts > 20


def test_an_unfinished_batch_delays_and_a_later_one_is_ignored():
    scene = Scene()
    running = Batch("acme", "bat_2", "toy", "ndjson", "running", NOW, "c", "f", 0)
    scene.books.create(running, 10)
    with pytest.raises(Conflict):
        scene.rows.find(JANE, None)
    later = Scene()
    later.books.create(Batch("acme", "bat_2", "toy", "ndjson", "running", "2026-03-03", "c", "f", 0), 10)
    assert later.keys() == ()
    awaiting = Scene()
    awaiting.books.create(Batch("acme", "bat_2", "toy", "ndjson", "awaiting_upload", NOW, "c", "f", 0), 10)
    assert awaiting.keys() == ()
