"""Checks of the arguments of a vector store, the same for every adapter."""

from collections.abc import Sequence
from math import hypot, isfinite

from vigil.assistant.retrieval.model import MAX_MATCHES, PassageVector
from vigil.errors import FieldError, InvalidInput

_LENGTH_TOLERANCE = 1e-3


def check_tenant(tenant_id: str) -> None:
    """Raise ValueError for an empty tenant id."""
    if not tenant_id.strip():
        raise ValueError("a vector store needs the id of a tenant")


def check_query(vector: Sequence[float], limit: int, dimension: int) -> None:
    """Raise InvalidInput for a queried vector or a limit that is not allowed."""
    if not 1 <= limit <= MAX_MATCHES:
        raise InvalidInput(FieldError("limit", "is not in the range", f"1 to {MAX_MATCHES}"))
    _check_vector(vector, dimension, "vector")


def latest_vectors(vectors: Sequence[PassageVector], dimension: int) -> list[PassageVector]:
    """Return the last vector of each passage in the order of passage ids. Raises InvalidInput."""
    for place, each in enumerate(vectors):
        _check_vector(each.vector, dimension, f"vectors[{place}]")
    last = {each.passage_id: each for each in vectors}
    return [last[passage_id] for passage_id in sorted(last)]


def _check_vector(vector: Sequence[float], dimension: int, field: str) -> None:
    if len(vector) != dimension:
        raise InvalidInput(FieldError(field, f"has {len(vector)} numbers", f"{dimension} numbers"))
    if not all(map(isfinite, vector)):
        raise InvalidInput(FieldError(field, "has a value that is not finite", "finite numbers"))
    if abs(hypot(*vector) - 1) > _LENGTH_TOLERANCE:
        raise InvalidInput(FieldError(field, "does not have the length 1", "a vector of length 1"))
