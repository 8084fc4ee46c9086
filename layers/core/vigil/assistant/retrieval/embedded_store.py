"""Vectors in files of S3, registered in the manifest of their tenant: no service of a vendor is needed.

A document version has one or more files, and a passage has one row in them. A writer first writes new files and then
replaces the manifest, if no other writer has done so. `compaction` deletes files that no manifest names.
"""

import time
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from math import fsum
from operator import attrgetter, mul

from vigil.assistant.passages.model import PassageId
from vigil.assistant.retrieval.model import MAX_PASSAGES, Corpus, PassageVector, Segment, VectorMatch, VectorSpace
from vigil.assistant.retrieval.nearest_model import find_candidates
from vigil.assistant.retrieval.passages_library_model import load_library
from vigil.assistant.retrieval.ports import CorpusStore, SegmentFiles
from vigil.assistant.retrieval.segment_keys_model import document_prefix
from vigil.assistant.retrieval.vector_files_model import MAX_ROWS, PAGE_ROWS
from vigil.assistant.retrieval.vector_files_store import VectorFiles
from vigil.assistant.retrieval.vectors_model import check_query, check_tenant, latest_vectors
from vigil.errors import Conflict, NotFound, StorageFull, Unavailable
from vigil.runtime.retries import TryAgain, retry

MAX_FILES = 500
"""Files in a manifest above which an upsert merges the files of each version."""
_MAX_SMALL_FILES = 8
"""Small files of a version at which an upsert merges them."""
_MIN_CANDIDATES = 50
_PROBE = "PROBE"
"""Key of the item, and name of the folder, that `health` reads. No tenant has it."""
_ATTEMPTS = 10
_READS = 3

_version_of = attrgetter("document_id", "version")
Files = tuple[Segment, ...]


class EmbeddedVectorStore:
    """The vector store of the deployment itself."""

    def __init__(
        self,
        corpora: CorpusStore,
        files: SegmentFiles,
        sleep: Callable[[float], None] = time.sleep,
        max_passages: int = MAX_PASSAGES,
    ) -> None:
        self._corpora = corpora
        self._stored = files
        self._files = VectorFiles(files)
        self._sleep = sleep
        self._max_passages = max_passages

    def initialise(self, tenant_id: str, space: VectorSpace) -> None:
        """Store the space of a tenant. Raises Conflict if the tenant has vectors of another space."""

        def change(corpus: Corpus) -> Corpus:
            if corpus.vectors and corpus.space != space:
                raise Conflict("The tenant has vectors of another embedding model. Delete them, and index again.")
            return replace(corpus, space=space)

        self._change(tenant_id, change)

    def upsert(self, tenant_id: str, vectors: Sequence[PassageVector]) -> None:
        """Write vectors to new files. Raises StorageFull if the tenant has too many passages then."""

        def change(corpus: Corpus) -> Corpus:
            if corpus.space is None:
                raise Conflict("The tenant has no vector space yet. Initialise the store first.")
            latest = latest_vectors(vectors, corpus.space.dimension)
            for _, group in groupby(latest, lambda each: (each.passage_id.document_id, each.passage_id.version)):
                corpus = self._with_vectors(corpus, [*group])
            if len(corpus.vectors) > MAX_FILES:
                corpus = self._merged(corpus)
            if _count(corpus.vectors) > self._max_passages:
                raise StorageFull(
                    f"The tenant has more than {self._max_passages} passages. Delete documents or old versions first."
                )
            return corpus

        self._change(tenant_id, change)

    def query(
        self, tenant_id: str, vector: Sequence[float], limit: int, active: Mapping[str, int]
    ) -> Sequence[VectorMatch]:
        """Return the nearest passages of the active versions: candidates by int8 codes, ordered by exact cosines."""
        check_tenant(tenant_id)

        def attempt() -> Sequence[VectorMatch]:
            corpus = self._corpora.read(tenant_id)
            dimension = corpus.space.dimension if corpus.space else len(vector)
            check_query(vector, limit, dimension)
            try:
                return self._nearest(corpus, array("f", vector), limit, active)
            except NotFound as error:  # a writer has replaced the file since the manifest was read
                raise TryAgain from error

        return retry(attempt, attempts=_READS, error=Unavailable("A file of vectors is missing."))

    def delete(self, tenant_id: str, document_id: str, version: int | None = None) -> None:
        """Delete the files of one version or of all versions of a document."""

        def change(corpus: Corpus) -> Corpus:
            files = (f for f in corpus.vectors if f.document_id != document_id or version not in {None, f.version})
            return replace(corpus, vectors=tuple(files))

        before, after = self._change(tenant_id, change)
        gone = {file.key for file in before.vectors} - {file.key for file in after.vectors}
        if gone:
            stored = self._stored.list_under(document_prefix("vectors", tenant_id, document_id))
            self._stored.delete([each for each in stored if each.key in gone])

    def delete_tenant(self, tenant_id: str) -> None:
        """Delete all files of a tenant, and its space."""
        check_tenant(tenant_id)
        # A file that is written after this list has a writer that sees the new manifest.
        stored = [*self._stored.list_under(f"vectors/{tenant_id}/")]
        self._change(tenant_id, lambda corpus: replace(corpus, space=None, vectors=()))
        self._stored.delete(stored)

    def count(self, tenant_id: str) -> int:
        """Return the number of vectors of a tenant."""
        check_tenant(tenant_id)
        return _count(self._corpora.read(tenant_id).vectors)

    def health(self) -> None:
        """Read a manifest and a list of files. Raises Unavailable."""
        self._corpora.read(_PROBE)
        next(iter(self._stored.list_under(f"vectors/{_PROBE}/")), None)

    def merge(self, tenant_id: str) -> None:
        """Merge the files of each document version as far as MAX_ROWS allows."""
        self._change(tenant_id, self._merged)

    def _change(self, tenant_id: str, change: Callable[[Corpus], Corpus]) -> tuple[Corpus, Corpus]:
        """Return the manifest before and after a change; repeat the change if another writer was faster."""
        check_tenant(tenant_id)

        def attempt() -> tuple[Corpus, Corpus]:
            before = self._corpora.read(tenant_id)
            try:
                after = change(before)
            except NotFound as error:
                raise TryAgain from error
            if after != before:
                after = replace(after, revision=before.revision + 1)
                if not self._corpora.replace(before, after):
                    raise TryAgain
            return before, after

        busy = Unavailable("Other changes of the tenant's documents were faster; try again.")
        return retry(attempt, attempts=_ATTEMPTS, error=busy, sleep=self._sleep)

    def _merged(self, corpus: Corpus) -> Corpus:
        for name, files in _by_version(corpus.vectors):
            if len(files) > -(-_count(files) // MAX_ROWS):
                corpus = self._rewritten(corpus, name, files, [])
        return corpus

    def _with_vectors(self, corpus: Corpus, vectors: Sequence[PassageVector]) -> Corpus:
        """Return the manifest with new files of one version. Files that have the same passages are rewritten."""
        first = vectors[0].passage_id
        name = (first.document_id, first.version)
        files = [file for file in corpus.vectors if _version_of(file) == name]
        numbers = {each.passage_id.number for each in vectors}
        heads = self._files.heads(corpus.tenant_id, files, _dimension(corpus))
        outdated = [file for file, head in zip(files, heads, strict=True) if not numbers.isdisjoint(head.all_numbers())]
        small = [file for file in files if file.passages < MAX_ROWS // 2]
        if len(small) >= _MAX_SMALL_FILES:
            outdated = [*outdated, *(file for file in small if file not in outdated)]
        return self._rewritten(corpus, name, outdated, vectors)

    def _rewritten(
        self, corpus: Corpus, name: tuple[str, int], files: Sequence[Segment], vectors: Sequence[PassageVector]
    ) -> Corpus:
        """Return the manifest with new files in place of `files`; `vectors` replace their vectors of equal ids."""
        dimension = _dimension(corpus)
        stored = [each for file in files for each in self._files.vectors(corpus.tenant_id, file, dimension)]
        rows = latest_vectors([*stored, *vectors], dimension)
        written = [
            self._files.write(corpus.tenant_id, *name, rows[start : start + MAX_ROWS], dimension)
            for start in range(0, len(rows), MAX_ROWS)
        ]
        return replace(corpus, vectors=(*(file for file in corpus.vectors if file not in files), *written))

    def _nearest(
        self, corpus: Corpus, question: "array[float]", limit: int, active: Mapping[str, int]
    ) -> Sequence[VectorMatch]:
        files = sorted((f for f in corpus.vectors if active.get(f.document_id) == f.version), key=_version_of)
        heads = self._files.heads(corpus.tenant_id, files, _dimension(corpus)) if files else []
        ranks = {name: rank for rank, (name, _) in enumerate(_by_version(files))}
        ranked = [(ranks[_version_of(file)], head) for file, head in zip(files, heads, strict=True)]
        found = find_candidates(load_library(), question, ranked, max(_MIN_CANDIDATES, 2 * limit))
        pages = self._files.pages([(files[head], heads[head], row // PAGE_ROWS) for head, row in found])
        matches = []
        for (head, row), page in zip(found, pages, strict=True):
            start = row % PAGE_ROWS * len(question)
            # Products of single-precision numbers are exact in double precision, and so is their rounded sum.
            similarity = fsum(map(mul, page[start : start + len(question)], question))
            matches.append(VectorMatch(PassageId(*_version_of(files[head]), heads[head].number_of(row)), similarity))
        return sorted(matches, key=lambda match: (-match.similarity, match.passage_id))[:limit]


def _dimension(corpus: Corpus) -> int:
    if corpus.space is None:
        raise Unavailable("The manifest has vectors without a space.")
    return corpus.space.dimension


def _by_version(files: Sequence[Segment]) -> list[tuple[tuple[str, int], Files]]:
    """Return the files of each version, in the order of document ids and versions."""
    ordered = sorted(files, key=_version_of)
    return [(name, tuple(group)) for name, group in groupby(ordered, _version_of)]


def _count(files: Sequence[Segment]) -> int:
    return sum(file.passages for file in files)
