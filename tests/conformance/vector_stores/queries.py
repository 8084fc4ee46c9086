"""Queries of vector stores: order, similarity, limits and active versions."""

import math
from collections.abc import Sequence
from itertools import product
from random import Random

import pytest

from tests.conformance.vector_stores.bench import TOLERANCE, case, filled, ids
from tests.support.vectors import by_numbers, passage_vector, random_vector, unit
from vigil.assistant.passages.model import PassageId
from vigil.assistant.retrieval.model import MAX_MATCHES
from vigil.errors import InvalidInput


def cosine(one: Sequence[float], other: Sequence[float]) -> float:
    return math.fsum(a * b for a, b in zip(one, other, strict=True))


@case
def a_tenant_without_vectors_has_no_matches(bench):
    store = filled(bench)
    assert list(store.query("ten-a", unit(0), 5, {"doc": 1})) == []
    assert store.count("ten-a") == 0


@case
def the_nearest_passage_is_first(bench):
    vectors = [[math.cos(angle), math.sin(angle), *[0.0] * 6] for angle in (1.2, 0.1, 3.0, 0.4)]
    store = filled(bench, "ten-a", *by_numbers("doc", 1, vectors))
    assert [match.passage_id.number for match in store.query("ten-a", unit(0), 4, {"doc": 1})] == [2, 4, 1, 3]


@case
def the_similarity_is_the_cosine(bench):
    random = Random(1)
    vectors = [random_vector(random) for _ in range(20)]
    store = filled(bench, "ten-a", *by_numbers("doc", 1, vectors))
    question = random_vector(random)
    for match in store.query("ten-a", question, 20, {"doc": 1}):
        stored = vectors[match.passage_id.number - 1]
        assert match.similarity == pytest.approx(cosine(stored, question), abs=TOLERANCE)


@case
def opposite_vectors_have_negative_similarity(bench):
    store = filled(bench, "ten-a", passage_vector("doc", 1, 1, [-value for value in unit(0)]))
    (match,) = store.query("ten-a", unit(0), 1, {"doc": 1})
    assert match.similarity == pytest.approx(-1, abs=TOLERANCE)


@case
def a_limit_above_the_number_of_passages_returns_all(bench):
    store = filled(bench, "ten-a", *by_numbers("doc", 1, [0, 1, 2]))
    assert len(store.query("ten-a", unit(0), MAX_MATCHES, {"doc": 1})) == 3


@case
def a_limit_outside_of_its_range_is_refused(bench):
    store = filled(bench, "ten-a", *by_numbers("doc", 1, [0, 1, 2]))
    for limit in (-1, 0, MAX_MATCHES + 1):
        with pytest.raises(InvalidInput, match="limit"):
            store.query("ten-a", unit(0), limit, {"doc": 1})


@case
def a_limit_returns_the_nearest_of_many(bench):
    random = Random(2)
    vectors = by_numbers("doc", 1, [random_vector(random) for _ in range(300)])
    store = filled(bench, "ten-a", *vectors)
    for limit in (1, 7, MAX_MATCHES):
        question = random_vector(random)
        nearest = sorted(vectors, key=lambda each: -cosine(each.vector, question))[:limit]
        assert ids(store.query("ten-a", question, limit, {"doc": 1})) == [each.passage_id for each in nearest]


@case
def a_question_of_another_dimension_is_refused(bench):
    store = filled(bench, "ten-a", passage_vector("doc", 1, 1, 0))
    for question in ([], [1.0], [*unit(0), 0.0]):
        with pytest.raises(InvalidInput, match="vector"):
            store.query("ten-a", question, 1, {"doc": 1})


@case
def a_question_that_is_not_finite_is_refused(bench):
    store = filled(bench, "ten-a", passage_vector("doc", 1, 1, 0))
    for value in (math.nan, math.inf, -math.inf):
        with pytest.raises(InvalidInput, match="finite"):
            store.query("ten-a", [value, *unit(0)[1:]], 1, {"doc": 1})


@case
def only_active_versions_are_found(bench):
    store = filled(bench, "ten-a", *(passage_vector("doc", version, 1, 0) for version in (1, 2, 10)))
    for version in (1, 2, 10):
        assert ids(store.query("ten-a", unit(0), 5, {"doc": version})) == [PassageId("doc", version, 1)]
    for active in ({}, {"doc": 3}, {"other": 1}):
        assert list(store.query("ten-a", unit(0), 5, active)) == []


@case
def nearer_passages_of_retired_versions_do_not_crowd_out_others(bench):
    retired = by_numbers("doc", 1, [0] * (2 * MAX_MATCHES))
    store = filled(bench, "ten-a", *retired, passage_vector("doc", 2, 1, 3))
    assert ids(store.query("ten-a", unit(0), 1, {"doc": 2})) == [PassageId("doc", 2, 1)]


@case
def many_active_documents_are_searched(bench):
    names = [f"doc-{number:03}" for number in range(150)]
    store = filled(bench, "ten-a", *(passage_vector(name, 1, 1, 0) for name in names))
    active = dict.fromkeys(names[1:], 1)
    assert ids(store.query("ten-a", unit(0), 3, active)) == [PassageId(name, 1, 1) for name in names[1:4]]


@case
def equal_similarities_are_in_the_order_of_passage_ids(bench):
    names = [PassageId(*parts) for parts in product(("doc", "doc-1", "eid"), (1,), range(1, 31))]
    mixed = list(names)
    Random(3).shuffle(mixed)
    store = filled(bench)
    for start in range(0, len(mixed), 17):
        store.upsert("ten-a", [passage_vector(*name, 0) for name in mixed[start : start + 17]])
    for limit in (1, 7, MAX_MATCHES):
        assert ids(store.query("ten-a", unit(0), limit, {"doc": 1, "doc-1": 1, "eid": 1})) == names[:limit]


@case
def the_same_question_has_the_same_answer(bench):
    random = Random(4)
    store = filled(bench, "ten-a", *by_numbers("doc", 1, [random_vector(random) for _ in range(100)]))
    question = random_vector(random)
    first, second = (list(store.query("ten-a", question, MAX_MATCHES, {"doc": 1})) for _ in range(2))
    assert first == second
