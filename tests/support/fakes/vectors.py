"""A fake vector store, with state."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import fsum
from operator import mul

from vigil.assistant.passages.model import PassageId
from vigil.assistant.retrieval.model import PassageVector, Trespass, VectorMatch, VectorSpace
from vigil.assistant.retrieval.vectors_model import check_query, check_tenant, latest_vectors
from vigil.errors import Conflict, Unavailable


class FakeVectorStore:
    """Vectors in memory. `marks` has the tenants that records carry, if they are others than their owners."""

    def __init__(self) -> None:
        self.spaces: dict[str, VectorSpace] = {}
        self.vectors: dict[str, dict[PassageId, Sequence[float]]] = {}
        self.marks: dict[tuple[str, PassageId], str] = {}
        self.is_out = False

    @contextmanager
    def outage(self) -> Iterator[None]:
        self.is_out = True
        try:
            yield
        finally:
            self.is_out = False

    def initialise(self, tenant_id: str, space: VectorSpace) -> None:
        vectors = self._of(tenant_id)
        if vectors and self.spaces[tenant_id] != space:
            raise Conflict("The tenant has vectors of another space.")
        self.spaces[tenant_id] = space

    def upsert(self, tenant_id: str, vectors: Sequence[PassageVector]) -> None:
        stored = self._of(tenant_id)
        if tenant_id not in self.spaces:
            raise Conflict("The tenant has no space.")
        stored |= {
            each.passage_id: tuple(each.vector) for each in latest_vectors(vectors, self.spaces[tenant_id].dimension)
        }

    def query(
        self, tenant_id: str, vector: Sequence[float], limit: int, active: Mapping[str, int]
    ) -> Sequence[VectorMatch]:
        stored = self._of(tenant_id)
        check_query(vector, limit, self.spaces[tenant_id].dimension if tenant_id in self.spaces else len(vector))
        found = [
            VectorMatch(name, fsum(map(mul, values, vector)))
            for name, values in stored.items()
            if active.get(name.document_id) == name.version
        ]
        nearest = sorted(found, key=lambda match: (-match.similarity, match.passage_id))[:limit]
        if any(self.marks.get((tenant_id, match.passage_id), tenant_id) != tenant_id for match in nearest):
            raise Trespass
        return nearest

    def delete(self, tenant_id: str, document_id: str, version: int | None = None) -> None:
        stored = self._of(tenant_id)
        for name in [*stored]:
            if name.document_id == document_id and version in {None, name.version}:
                del stored[name]

    def delete_tenant(self, tenant_id: str) -> None:
        self._of(tenant_id).clear()
        self.spaces.pop(tenant_id, None)

    def count(self, tenant_id: str) -> int:
        return len(self._of(tenant_id))

    def health(self) -> None:
        if self.is_out:
            raise Unavailable("The store does not answer.")

    def _of(self, tenant_id: str) -> dict[PassageId, Sequence[float]]:
        check_tenant(tenant_id)
        self.health()
        return self.vectors.setdefault(tenant_id, {})
