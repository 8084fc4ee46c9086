"""Separation of tenants in vector stores."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

import pytest

from tests.conformance.vector_stores.bench import TOLERANCE, StoreBench, case, filled, ids
from tests.support.vectors import SPACE, passage_vector, random_vector, unit
from vigil.assistant.passages.model import PassageId
from vigil.assistant.retrieval.model import MAX_MATCHES, Trespass, VectorMatch, VectorSpace


@case
def an_empty_tenant_is_refused(bench):
    store = bench.store
    for tenant in ("", " "):
        for call in (
            lambda tenant: store.initialise(tenant, SPACE),
            lambda tenant: store.upsert(tenant, [passage_vector("doc", 1, 1, 0)]),
            lambda tenant: store.query(tenant, unit(0), 1, {"doc": 1}),
            lambda tenant: store.delete(tenant, "doc"),
            store.delete_tenant,
            store.count,
        ):
            with pytest.raises(ValueError, match="tenant"):
                call(tenant)


@case
def deleting_a_tenant_leaves_the_others(bench):
    names = ("ten-a", "ten-a2", "ten", "ten-b")
    for name in names:
        filled(bench, name, passage_vector("doc", 1, 1, 0))
    bench.store.delete_tenant("ten-a")
    bench.store.delete_tenant("ten-a")
    bench.store.delete_tenant("ten-unknown")
    assert [bench.store.count(name) for name in names] == [0, 1, 1, 1]
    assert list(bench.store.query("ten-a", unit(0), 5, {"doc": 1})) == []


@case
def a_deleted_tenant_may_have_another_space(bench):
    store = filled(bench, "ten-a", passage_vector("doc", 1, 1, 0))
    store.delete_tenant("ten-a")
    store.initialise("ten-a", VectorSpace("other/1", 4))
    store.upsert("ten-a", [passage_vector("doc", 1, 1, unit(0, 4))])
    assert ids(store.query("ten-a", unit(0, 4), 5, {"doc": 1})) == [PassageId("doc", 1, 1)]


@case
def equal_ids_of_two_tenants_are_separate(bench):
    for tenant, place in (("ten-a", 0), ("ten-b", 3)):
        filled(bench, tenant, passage_vector("doc", 1, 1, place))
    store = bench.store
    store.upsert("ten-b", [passage_vector("doc", 1, 2, 0)])
    (match,) = store.query("ten-a", unit(0), 5, {"doc": 1})
    assert match.similarity == pytest.approx(1, abs=TOLERANCE)
    store.delete("ten-b", "doc")
    assert (store.count("ten-a"), store.count("ten-b")) == (1, 0)


@dataclass
class Expected:
    """The expected contents of a store for a tenant."""

    vectors: dict[PassageId, Sequence[float]] = field(default_factory=dict)

    def query(self, vector: Sequence[float], limit: int, active: Mapping[str, int]) -> list[VectorMatch]:
        found = [
            VectorMatch(name, math.fsum(a * b for a, b in zip(stored, vector, strict=True)))
            for name, stored in self.vectors.items()
            if active.get(name.document_id) == name.version
        ]
        return sorted(found, key=lambda match: -match.similarity)[:limit]

    def delete(self, document_id: str, version: int | None) -> None:
        for name in [*self.vectors]:
            if name.document_id == document_id and version in {None, name.version}:
                del self.vectors[name]


class RandomWork:
    """Random operations of several tenants with equal document ids; a tenant never sees a record of another one."""

    def __init__(self, bench: StoreBench, random: Random) -> None:
        self._store, self._random = bench.store, random
        self._vectors = [random_vector(random) for _ in range(40)]
        self._expected = {tenant: Expected() for tenant in ("ten-a", "ten-b", "ten-a2")}
        for tenant in self._expected:
            self._store.initialise(tenant, SPACE)

    def run(self, count: int) -> None:
        kinds = (self.upsert, self.query, self.count, self.delete, self.delete_tenant)
        for work in self._random.choices(kinds, (20, 60, 15, 4, 1), k=count):
            tenant = self._random.choice([*self._expected])
            work(tenant, self._expected[tenant])

    def upsert(self, tenant: str, expected: Expected) -> None:
        name, version = self._version()
        written = [
            passage_vector(name, version, self._random.randint(1, 9), self._random.choice(self._vectors))
            for _ in range(self._random.randint(1, 4))
        ]
        self._store.upsert(tenant, written)
        expected.vectors |= {each.passage_id: each.vector for each in written}

    def query(self, tenant: str, expected: Expected) -> None:
        question, limit = random_vector(self._random), self._random.randint(1, 12)
        active = dict(self._version() for _ in range(2))
        found = self._store.query(tenant, question, limit, active)
        right = expected.query(question, limit, active)
        assert [each.similarity for each in found] == pytest.approx([r.similarity for r in right], abs=TOLERANCE)
        assert {*ids(found)} <= expected.vectors.keys()

    def count(self, tenant: str, expected: Expected) -> None:
        assert self._store.count(tenant) == len(expected.vectors)

    def delete(self, tenant: str, expected: Expected) -> None:
        name, version = self._version()
        chosen = self._random.choice((None, version))
        self._store.delete(tenant, name, chosen)
        expected.delete(name, chosen)

    def delete_tenant(self, tenant: str, expected: Expected) -> None:
        self._store.delete_tenant(tenant)
        self._store.initialise(tenant, SPACE)
        expected.vectors.clear()

    def _version(self) -> tuple[str, int]:
        return self._random.choice(("doc", "doc-1")), self._random.randint(1, 3)


@case
def a_tenant_never_sees_another_one(bench):
    RandomWork(bench, Random(6)).run(2_000)


@case
def a_record_of_another_tenant_is_a_trespass(bench):
    store = filled(bench, "ten-a", passage_vector("doc", 1, 1, 0))
    bench.forge("ten-a")
    with pytest.raises(Trespass):
        store.query("ten-a", unit(0), MAX_MATCHES, {"doc": 1, "forged": 1})
