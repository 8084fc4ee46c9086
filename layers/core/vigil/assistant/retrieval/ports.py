"""Ports of retrieval: the store of vectors, the embedding model, and the manifest of a tenant's passages."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from vigil.assistant.passages.model import Passage
from vigil.assistant.retrieval.model import Corpus, PassageVector, VectorMatch, VectorSpace
from vigil.errors import Unavailable


class VectorStore(Protocol):
    """Vectors of all tenants. Each method but `health` raises ValueError for an empty tenant id.

    A store never returns or changes a record of another tenant, also for ids of that tenant. A record with the mark of
    another tenant raises Trespass. All methods raise Unavailable.
    """

    def initialise(self, tenant_id: str, space: VectorSpace) -> None:
        """Create the tenant's place in the store. A second call with the same space changes nothing.

        Raises Conflict if the tenant has vectors of another space.
        """
        ...

    def upsert(self, tenant_id: str, vectors: Sequence[PassageVector]) -> None:
        """Write vectors, in place of earlier ones of the same passages; of two in one call, the last one stays.

        Raises InvalidInput for a vector of another dimension or another length than 1, or with a value that is not
        finite, and writes nothing then. Raises Conflict before `initialise`.
        """
        ...

    def query(
        self, tenant_id: str, vector: Sequence[float], limit: int, active: Mapping[str, int]
    ) -> Sequence[VectorMatch]:
        """Return at most `limit` passages of the active versions (document id to version), the nearest first.

        Equal similarities are in the order of passage ids. Raises InvalidInput for a vector that `upsert` would refuse,
        and for a limit below 1 or above MAX_MATCHES.
        """
        ...

    def delete(self, tenant_id: str, document_id: str, version: int | None = None) -> None:
        """Delete the vectors of one version or of all versions of a document. Missing ones are ignored."""
        ...

    def delete_tenant(self, tenant_id: str) -> None:
        """Delete all vectors of a tenant. A tenant without vectors is no error."""
        ...

    def count(self, tenant_id: str) -> int:
        """Return the number of vectors of a tenant."""
        ...

    def health(self) -> None:
        """Return if the store answers within two seconds; raise Unavailable if not."""
        ...


MAX_TEXTS = 256
"""Maximum texts that are embedded in one call."""


@dataclass(frozen=True, slots=True)
class StoredSegment:
    """A stored version of a segment, and the time at which it was written."""

    key: str
    version_id: str
    modified_at: datetime


class SegmentFiles(Protocol):
    """Files of segments of all tenants. A file never changes. Methods raise Unavailable."""

    def put(self, key: str, content: bytes) -> None:
        """Store a file."""
        ...

    def read(self, key: str, start: int, length: int) -> bytes:
        """Return a range of a file. Raises NotFound for a deleted file, and Unavailable for a shorter one."""
        ...

    def read_whole(self, key: str) -> bytes:
        """Return a file. Raises NotFound for a deleted one."""
        ...

    def list_under(self, prefix: str) -> Iterator[StoredSegment]:
        """Yield every stored version under a prefix of keys."""
        ...

    def delete(self, segments: Sequence[StoredSegment]) -> None:
        """Delete stored versions. Missing ones are ignored."""
        ...


class VectorMerges(Protocol):
    """Merges of small files of vectors."""

    def merge(self, tenant_id: str) -> None:
        """Merge the files of each document version. Raises Unavailable."""
        ...


@dataclass(frozen=True, slots=True)
class Embeddings:
    """Vectors of texts, each of length 1, in their order, and the tokens that the vendor bills for them."""

    vectors: Sequence[Sequence[float]]
    tokens: int = 0


class NotEmbedded(Unavailable):
    """The embedding model gave no vectors. `tokens` is the number of tokens that the vendor bills, or 0."""

    def __init__(self, tokens: int) -> None:
        super().__init__("The embedding model gave no vectors.")
        self.tokens = tokens


class Embedder(Protocol):
    """An embedding model. `space` names it and its dimension."""

    @property
    def space(self) -> VectorSpace:
        """The space of the vectors."""
        ...

    def embed(self, tenant_id: str, texts: Sequence[str]) -> Embeddings:
        """Return the vectors of at most MAX_TEXTS texts.

        Raises NotEmbedded, also for an open circuit, and ValueError for more texts or an empty one.
        """
        ...


class CorpusStore(Protocol):
    """Manifests of all tenants. Methods raise Unavailable."""

    def read(self, tenant_id: str) -> Corpus:
        """Return the manifest, read consistently; an empty one of revision 0 for a tenant without documents."""
        ...

    def replace(self, before: Corpus, after: Corpus) -> bool:
        """Store `after` if the stored revision is that of `before`. Return False if it is not."""
        ...


class PassageFiles(Protocol):
    """Segments with the passages of document versions."""

    def write(self, tenant_id: str, document_id: str, version: int, passages: Sequence[Passage]) -> str:
        """Write the passages of a version and return the key of the segment. Raises Unavailable."""
        ...

    def read(self, tenant_id: str, key: str) -> Sequence[Passage]:
        """Return the passages of a segment.

        Raises NotFound for a deleted segment, and Unavailable, also for a damaged one.
        """
        ...
