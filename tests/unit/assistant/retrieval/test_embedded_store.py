"""The embedded vector store over a table and a bucket in memory: the suite, races, damage and limits."""

from contextlib import contextmanager
from random import Random

import pytest

from tests.conformance.vector_stores import suite
from tests.support.embedded_vectors import EmbeddedPlace
from tests.support.fakes.documents import FakeCorpora, FakeSegmentFiles
from tests.support.vectors import SPACE, by_numbers, passage_vector, random_vector, unit
from vigil.assistant.passages.model import PassageId
from vigil.assistant.retrieval import embedded_store
from vigil.assistant.retrieval.model import Trespass
from vigil.errors import StorageFull, Unavailable

pytestmark = pytest.mark.usefixtures("own_libraries")


@pytest.fixture
def place():
    return EmbeddedPlace(FakeCorpora(), FakeSegmentFiles())


@pytest.fixture
def bench(place):
    @contextmanager
    def outage():
        place.corpora.is_out = True
        yield suite.Outage(seconds=1)
        place.corpora.is_out = False

    return place.bench(outage)


@suite.for_each_case
def test_store_passes(case, bench):
    case(bench)


def test_a_key_in_another_tenants_folder_is_a_trespass(place):
    place.filled(passage_vector("doc", 1, 1, 0))
    place.store().initialise("ten-b", SPACE)
    with pytest.raises(Trespass):
        place.register("ten-b", *place.registered())


def test_a_flipped_byte_is_unavailable_and_never_a_wrong_answer(place):
    random = Random(1)
    place.filled(*by_numbers("doc", 1, [random_vector(random) for _ in range(20)]))
    (file,) = place.registered()
    content = place.files.contents[file.key]
    for at in range(len(content)):
        changed = bytearray(content)
        changed[at] ^= 1 << random.randrange(8)
        place.files.contents[file.key] = bytes(changed)
        with pytest.raises(Unavailable):
            place.store().query("ten-a", unit(0), 5, {"doc": 1})
    for length in (0, 10, len(content) - 1):
        place.files.contents[file.key] = content[:length]
        with pytest.raises(Unavailable):
            place.store().query("ten-a", unit(0), 5, {"doc": 1})


def test_a_missing_file_is_unavailable(place):
    place.filled(passage_vector("doc", 1, 1, 0))
    place.files.contents.clear()
    with pytest.raises(Unavailable, match="missing"):
        place.store().query("ten-a", unit(0), 5, {"doc": 1})


class Interrupted:
    """Manifests whose next calls let another writer work first."""

    def __init__(self, corpora, **works):
        self._corpora = corpora
        self._works = works

    def read(self, tenant):
        found = self._corpora.read(tenant)
        self._works.pop("after_read", lambda: None)()
        return found

    def replace(self, before, after):
        self._works.pop("before_replace", lambda: None)()
        return self._corpora.replace(before, after)


@pytest.mark.parametrize("moment", ["after_read", "before_replace"])
def test_two_writers_at_once_lose_nothing(place, moment):
    other = place.filled(passage_vector("doc", 1, 1, 0))
    works = {moment: lambda: other.upsert("ten-a", [passage_vector("doc", 1, 2, 1), passage_vector("eid", 1, 1, 2)])}
    place.store(Interrupted(place.corpora, **works)).upsert("ten-a", by_numbers("doc", 1, [3, 3]))
    found = other.query("ten-a", unit(3), 9, {"doc": 1, "eid": 1})
    assert [(each.passage_id, each.similarity) for each in found] == [
        (PassageId("doc", 1, 1), 1.0),
        (PassageId("doc", 1, 2), 1.0),
        (PassageId("eid", 1, 1), 0.0),
    ]


def test_an_upsert_meets_a_deletion_and_loses_nothing(place):
    other = place.filled(*by_numbers("doc", 1, [0, 1]))
    works = {"before_replace": lambda: other.delete("ten-a", "doc")}
    place.store(Interrupted(place.corpora, **works)).upsert("ten-a", [passage_vector("doc", 1, 2, 2)])
    assert [each.passage_id.number for each in other.query("ten-a", unit(2), 9, {"doc": 1})] == [2]


def test_a_reader_of_a_replaced_file_reads_the_manifest_again(place):
    writer = place.filled(passage_vector("doc", 1, 1, 0))

    def rewrite():
        old = place.keys()
        writer.upsert("ten-a", [passage_vector("doc", 1, 1, 3)])
        place.files.delete([each for each in place.files.list_under("vectors/") if each.key in old])

    (match,) = place.store(Interrupted(place.corpora, after_read=rewrite)).query("ten-a", unit(3), 5, {"doc": 1})
    assert match.similarity == 1.0


class AlwaysSlower:
    """Manifests that another writer always replaces first."""

    def __init__(self, corpora):
        self.attempts = 0
        self.read = corpora.read

    def replace(self, before, after):
        self.attempts += 1
        return False


def test_a_writer_gives_up_after_ten_attempts(place):
    place.filled(passage_vector("doc", 1, 1, 0))
    corpora = AlwaysSlower(place.corpora)
    with pytest.raises(Unavailable, match="try again"):
        place.store(corpora).delete("ten-a", "doc")
    assert corpora.attempts == 10


def test_too_many_passages_are_refused_and_nothing_changes(place):
    store = place.filled(*by_numbers("doc", 1, [0, 1, 2]), max_passages=3)
    store.upsert("ten-a", [passage_vector("doc", 1, 3, 0)])
    with pytest.raises(StorageFull, match="more than 3 passages"):
        store.upsert("ten-a", [passage_vector("doc", 1, 4, 0)])
    assert store.count("ten-a") == 3


def test_many_small_upserts_leave_few_files_with_all_vectors(place):
    random = Random(2)
    vectors = by_numbers("doc", 1, [random_vector(random) for _ in range(60)])
    store = place.filled()
    for each in vectors:
        store.upsert("ten-a", [each])
        assert len(place.registered()) <= 9
    store.merge("ten-a")
    assert len(place.registered()) == 1
    for each in vectors:
        assert place.store().query("ten-a", each.vector, 1, {"doc": 1})[0].passage_id == each.passage_id


def test_python_finds_the_same_matches_as_the_library(place, monkeypatch):
    random = Random(3)
    vectors = [random_vector(random) for _ in range(40)] * 3
    store = place.filled(*(each for n in range(1, 4) for each in by_numbers(f"d{n}", n, vectors)))
    questions, active = [random_vector(random) for _ in range(30)], {"d1": 1, "d2": 2, "d3": 2}
    assert embedded_store.load_library() is not None
    native_matches = [store.query("ten-a", question, 20, active) for question in questions]
    monkeypatch.setattr(embedded_store, "load_library", lambda: None)
    assert [store.query("ten-a", question, 20, active) for question in questions] == native_matches
