"""All cases that every vector store passes. A test module has a fixture `bench` with a StoreBench, and one test:

@suite.for_each_case
def test_store_passes(case, bench):
    case(bench)
"""

import pytest

from tests.conformance.vector_stores import outages, queries, tenants, writes
from tests.conformance.vector_stores.bench import CASES, Outage, StoreBench

__all__ = [
    "CASES",
    "Outage",
    "StoreBench",
    "for_each_case",
    "for_each_case_but",
    "outages",
    "queries",
    "tenants",
    "writes",
]


def for_each_case_but(*names: str) -> pytest.MarkDecorator:
    """Return the decorator of a test that runs all cases but some."""
    chosen = {name: case for name, case in CASES.items() if name not in names}
    if len(chosen) != len(CASES) - len(names):
        raise ValueError("an unknown case")
    return pytest.mark.parametrize("case", chosen.values(), ids=chosen.keys())


for_each_case = for_each_case_but()
