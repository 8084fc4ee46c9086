"""Search for passages in the active documents of a tenant: by words, and by vectors if they are configured."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, chain

from vigil.assistant.answers.model import RankedPassage
from vigil.assistant.answers.ports import SearchResult
from vigil.assistant.passages.model import Passage, PassageId
from vigil.assistant.retrieval.bm25_model import Scores, score
from vigil.assistant.retrieval.model import MAX_MATCHES, Corpus, Segment, Trespass
from vigil.assistant.retrieval.passages_library_model import load_library
from vigil.assistant.retrieval.ports import CorpusStore, Embedder, PassageFiles, VectorStore
from vigil.assistant.retrieval.ranking_model import best_places, fuse
from vigil.assistant.retrieval.segment_terms_model import SegmentTerms, index_passages
from vigil.errors import NotFound, Unavailable
from vigil.runtime.retries import TryAgain, retry
from vigil.runtime.sized_cache import SizedCache

MAX_RANKED = 12
"""Maximum passages of a search."""
TERMS_CACHE_BYTES = 48 << 20
"""Maximum estimated bytes of cached terms. 100,000 passages have about 45 MB."""
PASSAGES_CACHE_BYTES = 24 << 20
"""Maximum estimated bytes of cached passages."""
_PASSAGE_BYTES = 2_000
"""Estimated bytes of a passage in memory, beside its text."""
_READS = 3


@dataclass(frozen=True, slots=True)
class VectorLeg:
    """The search by vectors: a store, and the model of its vectors."""

    store: VectorStore
    embedder: Embedder


class GuidelineSearch:
    """Search over the files that the manifest names. Without a vector leg, the words decide alone."""

    def __init__(self, corpora: CorpusStore, files: PassageFiles, vectors: VectorLeg | None) -> None:
        self._corpora = corpora
        self._files = files
        self._vectors = vectors
        self._terms = SizedCache[str, SegmentTerms](TERMS_CACHE_BYTES, lambda terms: terms.size)
        self._passages = SizedCache[str, Sequence[Passage]](PASSAGES_CACHE_BYTES, _passages_bytes)

    def search(self, tenant_id: str, question: str) -> SearchResult:
        """Return the nearest passages of the active documents. Raises Unavailable."""

        def attempt() -> SearchResult:
            corpus = self._corpora.read(tenant_id)
            try:
                return self._search(corpus, question)
            except NotFound as error:  # a document was deleted since the manifest was read
                raise TryAgain from error

        return retry(attempt, attempts=_READS, error=Unavailable("A file of passages is missing."))

    def _search(self, corpus: Corpus, question: str) -> SearchResult:
        searched = self._active(corpus)
        scored = score(load_library(), question, searched.terms)
        near, tokens, has_failed = self._near(corpus, question) if searched.segments else ([], 0, False)
        chosen = fuse([searched.best(scored), [each for each in near if searched.place(each)]], MAX_RANKED)
        places = [place for each in chosen if (place := searched.place(each))]
        files = self._read(corpus.tenant_id, [searched.segments[segment] for segment, _ in places])
        ranked = tuple(
            RankedPassage(passages[row], scored[segment].shares[row])
            for passages, (segment, row) in zip(files, places, strict=True)
        )
        return SearchResult(ranked, corpus.revision, tokens, is_without_vectors=has_failed)

    def _active(self, corpus: Corpus) -> "_Searched":
        versions = {
            (file.document_id, file.version): file
            for file in corpus.passages
            if corpus.active.get(file.document_id) == file.version
        }
        segments = [versions[name] for name in sorted(versions)]
        by_key = {segment.key: segment for segment in segments}

        def read(key: str) -> SegmentTerms:
            (passages,) = self._read(corpus.tenant_id, [by_key[key]])
            return index_passages(passages)

        return _Searched(segments, self._terms.get_all([*by_key], read))

    def _read(self, tenant_id: str, segments: Sequence[Segment]) -> list[Sequence[Passage]]:
        """Return the passages of segments, in the order of their numbers."""
        by_key = {segment.key: segment for segment in segments}

        def read(key: str) -> Sequence[Passage]:
            passages = self._files.read(tenant_id, key)
            owner = (by_key[key].document_id, by_key[key].version)
            if any(passage.passage_id[:2] != owner for passage in passages):
                raise Trespass
            return sorted(passages, key=lambda passage: passage.passage_id)

        return self._passages.get_all([segment.key for segment in segments], read)

    def _near(self, corpus: Corpus, question: str) -> tuple[Sequence[PassageId], int, bool]:
        """Return the nearest passages by vectors, the billed tokens, and True if the vectors did not take part."""
        if self._vectors is None:
            return [], 0, False
        if corpus.space != self._vectors.embedder.space:
            return [], 0, True
        tokens = 0
        try:
            embedded = self._vectors.embedder.embed(corpus.tenant_id, [question])
            tokens = embedded.tokens
            found = self._vectors.store.query(corpus.tenant_id, embedded.vectors[0], MAX_MATCHES, corpus.active)
        except Unavailable:
            return [], tokens, True
        return [match.passage_id for match in found], tokens, False


@dataclass(frozen=True, slots=True)
class _Searched:
    """The files of the active versions in the order of passage ids, with their terms."""

    segments: Sequence[Segment]
    terms: Sequence[SegmentTerms]

    def best(self, scored: Sequence[Scores]) -> list[PassageId]:
        """Return the passages with the best scores."""
        scores = array("d", chain.from_iterable(each.scores for each in scored))
        starts = [0, *accumulate(len(terms.numbers) for terms in self.terms)]
        found = []
        for place in best_places(scores, MAX_MATCHES):
            at = bisect_right(starts, place) - 1
            segment, number = self.segments[at], self.terms[at].numbers[place - starts[at]]
            found.append(PassageId(segment.document_id, segment.version, number))
        return found

    def place(self, passage_id: PassageId) -> tuple[int, int] | None:
        """Return the place of the segment of a passage and its row there, or None for a passage that is not active."""
        owner = passage_id[:2]
        at = bisect_left(self.segments, owner, key=lambda segment: (segment.document_id, segment.version))
        if at == len(self.segments) or (self.segments[at].document_id, self.segments[at].version) != owner:
            return None
        numbers = self.terms[at].numbers
        row = bisect_left(numbers, passage_id.number)
        return (at, row) if row < len(numbers) and numbers[row] == passage_id.number else None


def _passages_bytes(passages: Sequence[Passage]) -> int:
    return sum(_PASSAGE_BYTES + len(passage.text) for passage in passages)
