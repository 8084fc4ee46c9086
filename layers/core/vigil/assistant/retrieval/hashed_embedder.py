"""Vectors without a model: signed hashes of the grams of a text (Weinberger et al. 2009, "Feature Hashing").

They compare spellings, and no meanings. They serve the vector store where no embedding model is configured.
"""

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from math import fsum, sqrt

from vigil.assistant.retrieval.model import VectorSpace
from vigil.assistant.retrieval.ports import Embeddings
from vigil.assistant.retrieval.terms_model import grams, stems

SPACE = VectorSpace("hashed/1", 1_024)
MAX_TEXTS = 256
"""Maximum texts of a call."""


class HashedEmbedder:
    """The embedder `hashed/1`. It bills no tokens and is never unavailable."""

    @property
    def space(self) -> VectorSpace:
        """The space of the vectors."""
        return SPACE

    def embed(self, tenant_id: str, texts: Sequence[str]) -> Embeddings:  # noqa: ARG002 - the port has the tenant
        """Return the vectors of at most MAX_TEXTS texts. Raises ValueError for more."""
        if len(texts) > MAX_TEXTS:
            raise ValueError(f"an embedder takes at most {MAX_TEXTS} texts")
        return Embeddings([_vector(text) for text in texts])


def _vector(text: str) -> list[float]:
    """Return a vector of length 1. A text without words has the first axis."""
    values = [0.0] * SPACE.dimension
    for gram, times in Counter(gram for stem in stems(text) for gram in grams(stem)).items():
        axis, sign = _place(gram)
        values[axis] += sign * sqrt(times)
    length = sqrt(fsum(value * value for value in values))
    return [value / length for value in values] if length else [1.0, *values[1:]]


@lru_cache(262_144)
def _place(gram: str) -> tuple[int, int]:
    number = int.from_bytes(blake2b(gram.encode(), digest_size=8).digest(), "little")
    return number // 2 % SPACE.dimension, 1 - 2 * (number % 2)
