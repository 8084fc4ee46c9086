"""The fake vector store of the tests behaves as the real ones."""

from contextlib import contextmanager

import pytest

from tests.conformance.vector_stores import suite
from tests.support.fakes.vectors import FakeVectorStore
from tests.support.vectors import passage_vector


@pytest.fixture
def bench():
    store = FakeVectorStore()

    @contextmanager
    def outage():
        with store.outage():
            yield suite.Outage(seconds=1.0)

    def forge(tenant):
        forged = passage_vector("forged", 1, 1, 0)
        store.upsert(tenant, [forged])
        store.marks[tenant, forged.passage_id] = "ten-b"

    return suite.StoreBench(store, outage, forge)


def test_the_suite_has_enough_cases():
    assert len(suite.CASES) >= 25


@suite.for_each_case
def test_store_passes(case, bench):
    case(bench)
