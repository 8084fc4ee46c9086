"""Vectors, their space, matches, and the manifest of a tenant's passages. Pure values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from vigil.assistant.passages.model import PassageId

MAX_MATCHES = 50
"""Maximum matches of a query."""
MAX_PASSAGES = 100_000
"""Maximum passages of a tenant in the embedded store."""


class Trespass(Exception):
    """A store returned a record of another tenant. It is a bug or an attack, and the caller gets nothing."""

    breach = "tenant-trespass"
    """Kind of the broken security rule in log lines and in the metric `Breaches`."""


@dataclass(frozen=True, slots=True)
class VectorSpace:
    """The space of the vectors of a tenant: the id of the embedding model, such as `hashed/1`, and the dimension."""

    model: str
    dimension: int


@dataclass(frozen=True, slots=True)
class PassageVector:
    """The vector of a passage, of length 1, and the digest of the text that it stands for."""

    passage_id: PassageId
    vector: Sequence[float] = field(repr=False)
    text_digest: str


@dataclass(frozen=True, slots=True)
class VectorMatch:
    """A passage near a queried vector. `similarity` is the cosine, from -1 to 1."""

    passage_id: PassageId
    similarity: float


@dataclass(frozen=True, slots=True)
class Segment:
    """An immutable file of passages or vectors of one document version; the key contains its SHA-256."""

    key: str
    document_id: str
    version: int
    passages: int


@dataclass(frozen=True, slots=True)
class Corpus:
    """Everything that a question may cite, as one item.

    `revision` grows by one with each change. `active` maps a document id to its version in force; a document that is
    not in it is retired, deleted or not indexed yet. `passages` and `vectors` are the segments of the versions that are
    in force, and of others that are stored beside them; the latter are never cited.
    """

    tenant_id: str
    revision: int = 0
    space: VectorSpace | None = None
    active: Mapping[str, int] = field(default_factory=dict)
    passages: tuple[Segment, ...] = ()
    vectors: tuple[Segment, ...] = ()
