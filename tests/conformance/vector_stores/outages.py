"""Health of vector stores, and the outages of their services."""

import pytest

from tests.conformance.vector_stores.bench import case, filled
from tests.support.vectors import SPACE, passage_vector, unit
from vigil.errors import Unavailable

MAX_OUTAGE_SECONDS = 2.0


@case
def a_store_that_answers_is_healthy(bench):
    bench.store.health()


@case
def an_outage_is_unavailable_within_two_seconds(bench):
    store = filled(bench, "ten-a", passage_vector("doc", 1, 1, 0))
    for call in (
        store.health,
        lambda: store.initialise("ten-b", SPACE),
        lambda: store.upsert("ten-a", [passage_vector("doc", 1, 2, 0)]),
        lambda: store.query("ten-a", unit(0), 1, {"doc": 1}),
        lambda: store.delete("ten-a", "doc"),
        lambda: store.delete_tenant("ten-a"),
        lambda: store.count("ten-a"),
    ):
        with bench.outage() as outage, pytest.raises(Unavailable):
            call()
        assert 0 < outage.seconds <= MAX_OUTAGE_SECONDS


@case
def a_store_works_after_an_outage(bench):
    store = filled(bench, "ten-a", passage_vector("doc", 1, 1, 0))
    with bench.outage(), pytest.raises(Unavailable):
        store.upsert("ten-a", [passage_vector("doc", 1, 2, 0)])
    store.upsert("ten-a", [passage_vector("doc", 1, 3, 0)])
    assert {1, 3} <= {match.passage_id.number for match in store.query("ten-a", unit(0), 5, {"doc": 1})}
