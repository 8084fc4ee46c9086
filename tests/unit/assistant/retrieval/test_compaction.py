"""Compaction of the files of a tenant."""

from datetime import timedelta
from random import Random

import pytest

from tests.support.embedded_vectors import EmbeddedPlace
from tests.support.fakes.documents import FakeCorpora, FakeSegmentFiles
from tests.support.guidelines import Library, passages
from tests.support.vectors import SPACE, by_numbers, passage_vector, random_vector, unit
from vigil.assistant.retrieval.compaction import Compaction
from vigil.assistant.retrieval.passage_files_store import S3PassageFiles

HOUR = timedelta(hours=1)


@pytest.fixture
def place():
    return EmbeddedPlace(FakeCorpora(), FakeSegmentFiles())


def compact(place, tenant="ten-a", corpora=None):
    return Compaction(corpora or place.corpora, place.files, place.store(), lambda: place.files.now).compact(tenant)


def test_only_old_files_that_no_manifest_names_are_deleted(place):
    library = Library(place.corpora, S3PassageFiles(place.files))
    place.filled(passage_vector("doc", 1, 1, 0))
    library.add("ten-a", *passages("doc", 1, ["Text."]))
    place.files.put("vectors/ten-a2/doc/1-other.bin", b"")
    named = {*place.files.contents}
    orphans = {"vectors/ten-a/doc/1-old.bin", "passages/ten-a/doc/1-old.json.z"}
    for key in orphans:
        place.files.put(key, b"")
    place.files.now += HOUR
    assert compact(place) == 0
    place.files.put("vectors/ten-a/doc/1-young.bin", b"")
    place.files.now += timedelta(seconds=1)
    assert compact(place) == 2
    assert {*place.files.contents} == named | {"vectors/ten-a/doc/1-young.bin"}
    assert compact(place) == 0


def test_small_files_are_merged_and_then_deleted_as_orphans(place):
    random = Random(1)
    store = place.filled()
    vectors = by_numbers("doc", 1, [random_vector(random) for _ in range(5)])
    for each in vectors:
        store.upsert("ten-a", [each])
    compact(place)
    assert len(place.registered()) == 1
    assert len(place.keys()) == 6
    place.files.now += HOUR + timedelta(seconds=1)
    assert compact(place) == 5
    for each in vectors:
        (match,) = place.store().query("ten-a", each.vector, 1, {"doc": 1})
        assert match.passage_id == each.passage_id


class Later:
    """Manifests of which a writer registers a file before each read."""

    def __init__(self, place):
        self.replace = place.corpora.replace
        self._place = place

    def read(self, tenant):
        self._place.store().upsert(tenant, [passage_vector("doc", 1, 1, 2)])
        return self._place.corpora.read(tenant)


def test_a_file_that_is_registered_meanwhile_stays(place):
    place.filled(passage_vector("doc", 1, 1, 0))
    place.files.now += 2 * HOUR
    compact(place, corpora=Later(place))
    (match,) = place.store().query("ten-a", unit(2), 1, {"doc": 1})
    assert match.similarity == 1.0


def test_a_tenant_without_documents_has_nothing_to_compact(place):
    place.store().initialise("ten-b", SPACE)
    assert compact(place, "ten-b") == 0
    assert compact(place, "ten-unknown") == 0


CALLS = 18
"""Number of moments in the work below at which a process can end: before and after each write."""


class Crash(Exception):
    """The process ended."""


class CrashingFiles(FakeSegmentFiles):
    """Files whose process ends at the call with a number."""

    def __init__(self, at):
        super().__init__()
        self.left = at

    def step(self):
        self.left -= 1
        if self.left == 0:
            raise Crash

    def put(self, key, content):
        self.step()
        super().put(key, content)
        self.step()

    def delete(self, segments):
        self.step()
        super().delete(segments)


class CrashingCorpora(FakeCorpora):
    """Manifests whose process ends before or after the replacement with a number."""

    def __init__(self, files):
        super().__init__()
        self.files = files

    def replace(self, before, after):
        self.files.step()
        is_stored = super().replace(before, after)
        self.files.step()
        return is_stored


@pytest.mark.parametrize("at", range(1, CALLS + 1))
def test_a_crash_at_any_write_loses_nothing_and_leaves_no_orphan(at):
    files = CrashingFiles(at)
    place = EmbeddedPlace(CrashingCorpora(files), files)
    works = [
        lambda store: store.initialise("ten-a", SPACE),
        lambda store: store.upsert("ten-a", by_numbers("doc", 1, [0, 1])),
        lambda store: store.upsert("ten-a", by_numbers("doc", 2, [0, 1, 2])),
        lambda store: store.upsert("ten-a", [passage_vector("doc", 2, 2, 3)]),
        lambda store: store.delete("ten-a", "doc", 1),
        lambda store: store.merge("ten-a"),
        lambda store: compact(place),
    ]
    for work in works:
        files.now += HOUR
        try:
            work(place.store())
        except Crash:
            work(place.store())
    assert files.left <= 0
    assert place.keys() == {file.key for file in place.registered()}
    found = place.store().query("ten-a", unit(3), 9, {"doc": 2})
    assert [(each.passage_id.number, each.similarity) for each in found] == [(2, 1.0), (1, 0.0), (3, 0.0)]
    assert place.store().count("ten-a") == 3
