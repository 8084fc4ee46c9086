"""Contract of the budget store for the fake and DynamoDB."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.support.fakes.budgets import FakeBudgets
from vigil.errors import Unavailable
from vigil.money.budgets.model import Budget, BudgetPlan
from vigil.money.budgets.store import DynamoBudgets

SET = {"changed_at": "2026-03-01T12:00:00.000000Z", "changed_by": "k-1"}
MONTH = Budget("total", "month", 10_000, (50, 80, 100), hard_stop=True, **SET)
DAY = Budget("inference", "day", 500, **SET)
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ALERT = MONTH.create_alert("2026-03", 80, 8_500, NOW)


@pytest.fixture(params=["fake", "dynamodb"])
def store(request):
    if request.param == "fake":
        return FakeBudgets()
    return DynamoBudgets(request.getfixturevalue("aws")("dynamodb"), "costs")


def test_a_plan_has_the_last_budgets_of_a_tenant(store):
    assert store.put("acme", MONTH)
    assert store.put("acme", DAY)
    assert not store.put("acme", replace(MONTH, limit_micros=1))
    assert store.plan("acme") == BudgetPlan((DAY, replace(MONTH, limit_micros=1)))
    assert store.plan("globex") == BudgetPlan(())


def test_a_budget_is_deleted_only_by_its_tenant_and_repeatably(store):
    store.put("acme", MONTH)
    store.delete("globex", "total", "month")
    assert store.plan("acme") == BudgetPlan((MONTH,))
    for _ in range(2):
        store.delete("acme", "total", "month")
    assert store.plan("acme") == BudgetPlan(())


def test_an_alert_is_added_once_per_key(store):
    assert store.add_alert("acme", ALERT)
    assert not store.add_alert("acme", replace(ALERT, spent_micros=9_000, limit_micros=1))
    assert store.add_alert("acme", replace(ALERT, span="2026-03-01", period="day"))
    assert store.add_alert("globex", ALERT)
    assert ALERT in store.plan("acme").alerts


def test_an_alert_is_claimed_once_and_never_after_it_was_sent(store):
    store.add_alert("acme", ALERT)
    later = "2026-03-01T12:10:00.000000Z"
    assert [store.claim_alert("acme", ALERT, later) for _ in range(2)] == [True, False]
    taken = replace(ALERT, leased_until=later)
    store.mark_sent("acme", taken)
    assert not store.claim_alert("acme", taken, "2026-03-01T12:20:00.000000Z")
    assert store.plan("acme").alerts == (replace(taken, state="sent"),)


def test_a_deleted_alert_is_not_created_again(store):
    store.mark_sent("acme", ALERT)
    assert store.plan("acme") == BudgetPlan(())


def test_an_alert_expires_40_days_after_the_start_of_its_span(aws):
    store = DynamoBudgets(aws("dynamodb"), "costs")
    store.add_alert("acme", ALERT)
    (item,) = aws("dynamodb").scan(TableName="costs")["Items"]
    assert datetime.fromtimestamp(int(item["expires_at"]["N"]), UTC) == datetime(2026, 4, 10, tzinfo=UTC)


def test_a_table_that_does_not_answer_is_unavailable(aws):
    store = DynamoBudgets(aws("dynamodb"), "no-such-table")
    for call in (
        lambda: store.plan("acme"),
        lambda: store.put("acme", DAY),
        lambda: store.delete("acme", "total", "day"),
        lambda: store.add_alert("acme", ALERT),
        lambda: store.claim_alert("acme", ALERT, ""),
        lambda: store.mark_sent("acme", ALERT),
    ):
        with pytest.raises(Unavailable):
            call()
