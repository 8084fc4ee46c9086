"""Initialisation, upserts and deletions of vector stores."""

import math
from random import Random

import pytest

from tests.conformance.vector_stores.bench import TOLERANCE, case, filled, ids
from tests.support.vectors import SPACE, by_numbers, passage_vector, random_vector, unit
from vigil.assistant.passages.model import PassageId
from vigil.assistant.retrieval.model import VectorSpace
from vigil.errors import Conflict, InvalidInput


@case
def a_second_initialisation_changes_nothing(bench):
    store = filled(bench, "ten-a", passage_vector("doc", 1, 1, 0))
    store.initialise("ten-a", SPACE)
    assert store.count("ten-a") == 1
    assert ids(store.query("ten-a", unit(0), 5, {"doc": 1})) == [PassageId("doc", 1, 1)]


@case
def another_model_is_a_conflict(bench):
    store = filled(bench, "ten-a", passage_vector("doc", 1, 1, 0))
    with pytest.raises(Conflict):
        store.initialise("ten-a", VectorSpace("other/1", SPACE.dimension))
    assert store.count("ten-a") == 1


@case
def another_dimension_is_a_conflict(bench):
    store = filled(bench, "ten-a", passage_vector("doc", 1, 1, 0))
    with pytest.raises(Conflict):
        store.initialise("ten-a", VectorSpace(SPACE.model, SPACE.dimension * 2))
    assert store.count("ten-a") == 1


@case
def an_upsert_before_the_initialisation_is_a_conflict(bench):
    with pytest.raises(Conflict):
        bench.store.upsert("ten-a", [passage_vector("doc", 1, 1, 0)])
    assert bench.store.count("ten-a") == 0


@case
def a_vector_of_another_dimension_is_refused_with_its_call(bench):
    store = filled(bench)
    with pytest.raises(InvalidInput, match=r"vectors\[1\]"):
        store.upsert("ten-a", [passage_vector("doc", 1, 1, 0), passage_vector("doc", 1, 2, [1.0])])
    assert store.count("ten-a") == 0


@case
def a_vector_that_is_not_finite_is_refused_with_its_call(bench):
    store = filled(bench)
    for value in (math.nan, math.inf, -math.inf):
        with pytest.raises(InvalidInput, match="finite"):
            store.upsert("ten-a", [passage_vector("doc", 1, 1, 0), passage_vector("doc", 1, 2, [value, *unit(0)[1:]])])
    assert store.count("ten-a") == 0


@case
def a_vector_of_another_length_than_1_is_refused_with_its_call(bench):
    store = filled(bench)
    for length in (0, 0.9, 2, 1e300):
        wrong = passage_vector("doc", 1, 2, [length * value for value in unit(0)])
        with pytest.raises(InvalidInput, match="length"):
            store.upsert("ten-a", [passage_vector("doc", 1, 1, 0), wrong])
    assert store.count("ten-a") == 0


@case
def an_upsert_of_no_vectors_changes_nothing(bench):
    store = filled(bench, "ten-a", passage_vector("doc", 1, 1, 0))
    store.upsert("ten-a", [])
    assert store.count("ten-a") == 1


@case
def an_upsert_again_replaces_the_vector(bench):
    store = filled(bench, "ten-a", *by_numbers("doc", 1, [0, 1]))
    store.upsert("ten-a", [passage_vector("doc", 1, 1, 3)])
    assert store.count("ten-a") == 2
    (nearest, other) = store.query("ten-a", unit(3), 5, {"doc": 1})
    assert (nearest.passage_id.number, other.passage_id.number) == (1, 2)
    assert nearest.similarity == pytest.approx(1, abs=TOLERANCE)
    assert other.similarity == pytest.approx(0, abs=TOLERANCE)


@case
def the_last_of_two_vectors_in_one_call_stays(bench):
    store = filled(bench, "ten-a", passage_vector("doc", 1, 1, 0), passage_vector("doc", 1, 1, 3))
    assert store.count("ten-a") == 1
    (match,) = store.query("ten-a", unit(3), 5, {"doc": 1})
    assert match.similarity == pytest.approx(1, abs=TOLERANCE)


@case
def the_same_call_twice_has_the_effect_of_one(bench):
    vectors = by_numbers("doc", 1, [0, 1, 2])
    store = filled(bench, "ten-a", *vectors)
    before = list(store.query("ten-a", unit(1), 3, {"doc": 1}))
    store.upsert("ten-a", vectors)
    assert store.count("ten-a") == 3
    assert list(store.query("ten-a", unit(1), 3, {"doc": 1})) == before


@case
def deleting_a_version_leaves_the_others(bench):
    store = filled(bench, "ten-a", *(passage_vector("doc", version, 1, 0) for version in (1, 10, 2)))
    store.delete("ten-a", "doc", 1)
    assert store.count("ten-a") == 2
    assert list(store.query("ten-a", unit(0), 5, {"doc": 1})) == []
    assert ids(store.query("ten-a", unit(0), 5, {"doc": 10})) == [PassageId("doc", 10, 1)]


@case
def deleting_a_document_deletes_all_its_versions_only(bench):
    names = ("doc", "doc-1", "doc-10", "do")
    store = filled(bench, "ten-a", *(passage_vector(name, version, 1, 0) for name in names for version in (1, 2)))
    store.delete("ten-a", "doc-1")
    active = dict.fromkeys(names, 2)
    assert store.count("ten-a") == 6
    assert [match.passage_id.document_id for match in store.query("ten-a", unit(0), 9, active)] == [
        "do", "doc", "doc-10",
    ]  # fmt: skip


@case
def deleting_the_missing_changes_nothing(bench):
    store = filled(bench, "ten-a", passage_vector("doc", 1, 1, 0))
    store.delete("ten-a", "other")
    store.delete("ten-a", "doc", 2)
    store.delete("ten-b", "doc")
    assert store.count("ten-a") == 1


@case
def a_deleted_passage_is_found_again_after_an_upsert(bench):
    store = filled(bench, "ten-a", passage_vector("doc", 1, 1, 0))
    store.delete("ten-a", "doc", 1)
    assert list(store.query("ten-a", unit(0), 5, {"doc": 1})) == []
    store.upsert("ten-a", [passage_vector("doc", 1, 1, 0)])
    assert ids(store.query("ten-a", unit(0), 5, {"doc": 1})) == [PassageId("doc", 1, 1)]


@case
def ids_with_any_characters_are_separate(bench):
    names = ["ü", "u\u0308", "文書", "a#1", "a@1", 'a"b', "a'b", "a/b", "a b", "../a", "a%2Fb", "a\\", "😀", "{a}"]
    store = filled(bench, "ten-a", *(passage_vector(name, 1, 1, 0) for name in names))
    assert store.count("ten-a") == len(names)
    for name in names:
        assert ids(store.query("ten-a", unit(0), 5, {name: 1})) == [PassageId(name, 1, 1)]
    store.delete("ten-a", "a/b")
    left = [match.passage_id.document_id for match in store.query("ten-a", unit(0), 20, dict.fromkeys(names, 1))]
    assert left == sorted({*names} - {"a/b"})


@case
def a_large_upsert_is_stored_whole(bench):
    random = Random(5)
    vectors = [each for n in (1, 2) for each in by_numbers(f"doc-{n}", 1, [random_vector(random) for _ in range(600)])]
    store = filled(bench, "ten-a", *vectors)
    assert store.count("ten-a") == len(vectors)
    for each in random.sample(vectors, 5):
        (match,) = store.query("ten-a", each.vector, 1, {"doc-1": 1, "doc-2": 1})
        assert match.passage_id == each.passage_id
        assert match.similarity == pytest.approx(1, abs=TOLERANCE)
