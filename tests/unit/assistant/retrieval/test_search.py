"""The search for passages."""

from dataclasses import replace
from random import Random

import pytest

from tests.support.fakes.documents import FakeCorpora, FakeSegmentFiles
from tests.support.fakes.vectors import FakeVectorStore
from tests.support.guidelines import Library, passage, passages
from vigil.assistant.passages.model import PassageId
from vigil.assistant.retrieval.embedded_store import EmbeddedVectorStore
from vigil.assistant.retrieval.hashed_embedder import HashedEmbedder
from vigil.assistant.retrieval.model import PassageVector, Segment, Trespass, VectorMatch, VectorSpace
from vigil.assistant.retrieval.passage_files_store import S3PassageFiles
from vigil.assistant.retrieval.ports import Embeddings
from vigil.assistant.retrieval.ranking_model import best_places, fuse
from vigil.assistant.retrieval.service import MAX_RANKED, GuidelineSearch, VectorLeg
from vigil.errors import Unavailable

pytestmark = pytest.mark.usefixtures("own_libraries")

TEXTS = (
    "Start tenofovir with lamivudine in adults.",
    "Do not give tenofovir if the creatinine clearance is below 50 mL per minute.",
    "Children below 30 kg receive abacavir.",
    "Measure the viral load six months after the start.",
    "Rifampicin needs a double dose of dolutegravir.",
)


@pytest.fixture
def stored():
    return FakeSegmentFiles()


@pytest.fixture
def library(stored):
    return Library(FakeCorpora(), S3PassageFiles(stored))


def search_of(library, vectors=None):
    return GuidelineSearch(library.corpora, library.files, vectors)


def found(result):
    return [ranked.passage.passage_id for ranked in result.passages]


def test_the_passage_with_the_words_of_the_question_is_first(library):
    library.add("ten-a", *passages("doc", 1, TEXTS))
    result = search_of(library).search("ten-a", "Which dose of dolutegravir with rifampicin?")
    assert result.passages[0].passage.text == TEXTS[4]
    assert result.passages[0].share > 0.8
    assert (result.revision, result.embedding_tokens, result.is_without_vectors) == (1, 0, False)


def test_a_question_about_something_else_has_a_small_share(library):
    library.add("ten-a", *passages("doc", 1, TEXTS))
    shares = [ranked.share for ranked in search_of(library).search("ten-a", "Football results in Nairobi").passages]
    assert max(shares, default=0) < 0.3


def test_a_tenant_without_documents_has_no_passages(library):
    assert search_of(library, hashed(FakeVectorStore())).search("ten-a", "dose").passages == ()


def test_only_active_versions_of_the_tenant_are_found(library):
    library.add("ten-a", *passages("doc", 1, TEXTS))
    library.add("ten-a", *passages("doc", 2, ["Tenofovir is not given any more."]))
    library.add("ten-a", *passages("eid", 1, ["Tenofovir for infants."]), is_active=False)
    library.add("ten-b", *passages("doc", 2, ["Tenofovir of another tenant."]))
    search = search_of(library)
    assert found(search.search("ten-a", "tenofovir")) == [PassageId("doc", 2, 1)]
    library.retire("ten-a", "doc")
    assert search.search("ten-a", "tenofovir").passages == ()


def test_equal_passages_are_in_the_order_of_their_ids(library):
    for name in ("b", "a", "a-1"):
        library.add("ten-a", *passages(name, 1, ["Give rifampicin daily."] * 5))
    expected = [PassageId(name, 1, number) for name in ("a", "a-1", "b") for number in range(1, 6)]
    assert found(search_of(library).search("ten-a", "rifampicin")) == expected[:MAX_RANKED]


def hashed(store):
    return VectorLeg(store, HashedEmbedder())


def with_vectors(library, store, *added):
    embedder = HashedEmbedder()
    library.add("ten-a", *added)
    store.initialise("ten-a", embedder.space)
    vectors = embedder.embed("ten-a", [each.text for each in added]).vectors
    store.upsert("ten-a", [PassageVector(p.passage_id, v, p.digest) for p, v in zip(added, vectors, strict=True)])


@pytest.mark.parametrize("is_embedded", [True, False])
def test_both_legs_find_the_passage(library, stored, is_embedded):
    store = EmbeddedVectorStore(library.corpora, stored) if is_embedded else FakeVectorStore()
    with_vectors(library, store, *passages("doc", 1, TEXTS))
    library.use_space("ten-a", HashedEmbedder().space)
    result = search_of(library, hashed(store)).search("ten-a", "creatinine clearance for tenofovir")
    assert result.passages[0].passage.text == TEXTS[1]
    assert not result.is_without_vectors


class Ranked:
    """A vector store that returns the same passages for every query."""

    def __init__(self, *names):
        self.names = names

    def query(self, tenant_id, vector, limit, active):
        return [VectorMatch(name, 0.9) for name in self.names]


def test_a_passage_that_only_vectors_find_is_returned_with_its_share(library):
    library.add("ten-a", *passages("doc", 1, TEXTS))
    library.use_space("ten-a", HashedEmbedder().space)
    leg = hashed(Ranked(PassageId("doc", 1, 4)))
    (ranked,) = search_of(library, leg).search("ten-a", "xyzzy").passages
    assert (ranked.passage.passage_id.number, ranked.share) == (4, 0.0)


@pytest.mark.parametrize("name", [("doc", 1, 1), ("doc", 2, 9), ("eid", 1, 1), ("zzz", 2, 1)])
def test_a_match_that_is_not_an_active_passage_is_dropped(library, name):
    library.add("ten-a", *passages("doc", 1, TEXTS))
    library.add("ten-a", *passages("doc", 2, TEXTS))
    library.use_space("ten-a", HashedEmbedder().space)
    leg = hashed(Ranked(PassageId(*name), PassageId("doc", 2, 5)))
    assert found(search_of(library, leg).search("ten-a", "xyzzy")) == [PassageId("doc", 2, 5)]


class Embedder:
    """An embedder that bills tokens, and may be unavailable."""

    space = HashedEmbedder().space

    def __init__(self, error=None):
        self.error = error

    def embed(self, tenant_id, texts):
        if self.error:
            raise self.error
        return Embeddings(HashedEmbedder().embed(tenant_id, texts).vectors, 11)


def test_words_decide_alone_while_vectors_are_unavailable(library):
    library.add("ten-a", *passages("doc", 1, TEXTS))
    library.use_space("ten-a", Embedder.space)
    (store := FakeVectorStore()).is_out = True
    results = [
        search_of(library, VectorLeg(store, embedder)).search("ten-a", "rifampicin")
        for embedder in (Embedder(), Embedder(Unavailable("It does not answer.")))
    ]
    assert [found(result)[0].number for result in results] == [5, 5]
    assert [(result.embedding_tokens, result.is_without_vectors) for result in results] == [(11, True), (0, True)]


def test_vectors_of_another_model_do_not_take_part(library):
    library.add("ten-a", *passages("doc", 1, TEXTS))
    library.use_space("ten-a", VectorSpace("other/1", 1_024))
    result = search_of(library, hashed(Ranked(PassageId("doc", 1, 1)))).search("ten-a", "rifampicin")
    assert found(result)[0].number == 5
    assert result.is_without_vectors


def test_a_trespass_of_the_vector_store_returns_nothing(library):
    store = FakeVectorStore()
    with_vectors(library, store, *passages("doc", 1, TEXTS))
    library.use_space("ten-a", HashedEmbedder().space)
    store.marks["ten-a", PassageId("doc", 1, 3)] = "ten-b"
    with pytest.raises(Trespass):
        search_of(library, hashed(store)).search("ten-a", "rifampicin")


def registered(library, tenant, *files):
    before = library.corpora.read(tenant)
    library.corpora.replace(before, replace(before, revision=before.revision + 1, passages=files))


def test_a_file_of_another_document_is_a_trespass(library, stored):
    key = library.add("ten-a", *passages("doc", 1, TEXTS))
    other = library.add("ten-a", *passages("eid", 1, TEXTS))
    stored.put(copied := key.replace(key.rpartition("-")[2], other.rpartition("-")[2]), stored.contents[other])
    registered(library, "ten-a", Segment(copied, "doc", 1, len(TEXTS)))
    with pytest.raises(Trespass):
        search_of(library).search("ten-a", "rifampicin")


def test_a_deleted_file_is_unavailable_unless_the_manifest_changes(library, stored):
    library.add("ten-a", *passages("doc", 1, TEXTS))
    search = search_of(library)
    kept = dict(stored.contents)
    stored.contents.clear()
    with pytest.raises(Unavailable, match="missing"):
        search.search("ten-a", "rifampicin")
    stored.contents.update(kept)
    assert found(search.search("ten-a", "rifampicin"))[0].number == 5


def test_best_places_are_in_the_order_of_scores_and_places():
    assert best_places([0.0, 2.0, 3.0, 2.0, 0.0], 3) == [2, 1, 3]
    assert best_places([0.0, 0.0], 3) == []


def test_fusion_prefers_passages_of_both_rankings():
    one, two, three = (PassageId("doc", 1, number) for number in (1, 2, 3))
    assert fuse([[two, one], [three, one]], 3) == [one, two, three]
    assert fuse([[two], [one]], 1) == [one]
    assert fuse([], 3) == []


def test_searches_of_many_tenants_never_mix(library):
    random, search = Random(7), search_of(library)
    for number in range(60):
        tenant = random.choice(("ten-a", "ten-b", "ten-a2"))
        library.add(tenant, passage(f"doc-{random.randint(1, 4)}", number + 1, 1, f"{tenant} {random.choice(TEXTS)}"))
        for each in ("ten-a", "ten-b", "ten-a2"):
            result = search.search(each, random.choice(TEXTS))
            assert {ranked.passage.text.split()[0] for ranked in result.passages} <= {each}
            assert all(
                library.corpora.read(each).active[ranked.passage.passage_id.document_id]
                == ranked.passage.passage_id.version
                for ranked in result.passages
            )
