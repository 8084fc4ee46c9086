"""Vectors for tests of vector stores."""

import math
from collections.abc import Sequence
from random import Random

from vigil.assistant.passages.model import PassageId
from vigil.assistant.retrieval.model import PassageVector, VectorSpace

SPACE = VectorSpace("test/1", 8)


def unit(place: int, dimension: int = SPACE.dimension) -> list[float]:
    """Return the unit vector along an axis."""
    return [float(axis == place) for axis in range(dimension)]


def random_vector(random: Random, dimension: int = SPACE.dimension) -> list[float]:
    """Return a vector of length 1."""
    values = [random.gauss(0, 1) for _ in range(dimension)]
    length = math.sqrt(math.fsum(value * value for value in values))
    return [value / length for value in values]


def passage_vector(document_id: str, version: int, number: int, vector: int | Sequence[float]) -> PassageVector:
    """Return the vector of a passage, given as numbers or as its axis."""
    values = unit(vector) if isinstance(vector, int) else vector
    return PassageVector(PassageId(document_id, version, number), values, f"{number:064x}")


def by_numbers(document_id: str, version: int, vectors: Sequence[int | Sequence[float]]) -> list[PassageVector]:
    """Return the vectors of passages 1, 2, 3 and so on."""
    return [passage_vector(document_id, version, number, each) for number, each in enumerate(vectors, 1)]
