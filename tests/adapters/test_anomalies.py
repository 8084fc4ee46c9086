"""Contract of the anomaly store for the fake and DynamoDB."""

from dataclasses import replace

import pytest

from tests.support.fakes.forecasting import FakeAnomalies
from vigil.errors import Unavailable
from vigil.money.forecasting.model import Anomaly
from vigil.money.forecasting.store import DynamoAnomalies

FIRST = Anomaly(
    category="inference",
    number=1,
    began="2026-11-21T05",
    seen="2026-11-21T05",
    hours=6,
    spent_micros=3_000_000,
    expected_micros=100_000,
    bound_micros=200_000,
    found_at="2026-11-21T05:35:00.000000Z",
)


@pytest.fixture(params=["fake", "dynamodb"])
def store(request):
    if request.param == "fake":
        return FakeAnomalies()
    return DynamoAnomalies(request.getfixturevalue("aws")("dynamodb"), "costs")


def test_a_number_is_taken_once(store):
    assert store.add("acme", FIRST)
    assert not store.add("acme", replace(FIRST, began="2026-11-21T06"))
    assert store.add("globex", FIRST)
    assert store.list_all("acme") == (FIRST,)


def test_anomalies_are_listed_in_order_of_category_and_number(store):
    other = replace(FIRST, category="api_calls")
    for anomaly in (replace(FIRST, number=10), replace(FIRST, number=9), FIRST, other):
        store.add("acme", anomaly)
    assert [(found.category, found.number) for found in store.list_all("acme")] == [
        ("api_calls", 1),
        ("inference", 1),
        ("inference", 9),
        ("inference", 10),
    ]
    assert store.list_all("globex") == ()


def test_an_update_changes_only_the_last_seen_hour_and_the_state(store):
    store.add("acme", FIRST)
    store.update("acme", replace(FIRST, seen="2026-11-21T09", state="told", spent_micros=1))
    assert store.list_all("acme") == (replace(FIRST, seen="2026-11-21T09", state="told"),)


def test_an_erased_anomaly_is_not_created_again(store):
    store.update("acme", FIRST)
    assert store.list_all("acme") == ()


def test_a_table_that_does_not_answer_is_unavailable(aws):
    store = DynamoAnomalies(aws("dynamodb"), "no-such-table")
    for call in (lambda: store.list_all("acme"), lambda: store.add("acme", FIRST), lambda: store.update("acme", FIRST)):
        with pytest.raises(Unavailable):
            call()
