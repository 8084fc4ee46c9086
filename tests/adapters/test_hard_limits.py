"""Hard limits in DynamoDB: commits reserve spend, and unreserved spend is recorded."""

from dataclasses import replace

import pytest

from tests.support.fakes.clock import Clock
from tests.support.ledger_rows import ledger_row as row
from tests.support.ledgers import ledger as ledger_on
from vigil.decisions.scoring.model import Conditions
from vigil.errors import BudgetExhausted, QuotaExceeded, Unavailable
from vigil.kernel.money import SPEND_COUNTERS, SpendLimit, SpendReservation
from vigil.money.budgets.hard_limits_store import DynamoHardLimits

DAY = "2026-03-01"


@pytest.fixture
def limits(dynamodb):
    return DynamoHardLimits(dynamodb, "usage", Clock())


@pytest.fixture
def ledger(dynamodb):
    return ledger_on(dynamodb, clock=Clock())


def used(limits, tenant="acme", day=DAY):
    return dict(limits.read_tally(tenant, day).used)


def test_decisions_are_written_while_their_price_fits(ledger, limits):
    limit = SpendLimit(1_000, inference_month=3_500)
    for number in range(3):
        assert ledger.commit(row(number), Conditions(hard_stop=limit)) is None
    with pytest.raises(BudgetExhausted, match="inference/month leaves 500 micro-dollars; this needs 1000") as refused:
        ledger.commit(row(3), Conditions(hard_stop=limit))
    assert refused.value.retry_after == (31 * 24 - 12) * 3_600
    assert ledger.get("acme", row(3).decision_id) is None
    assert used(limits) == dict.fromkeys(SPEND_COUNTERS, 3_000)


def test_a_replay_is_answered_when_the_limit_is_used_up(ledger, limits):
    limit = SpendLimit(1_000, total_day=1_000)
    ledger.commit(row(), Conditions(hard_stop=limit))
    assert ledger.commit(replace(row(), nonce="n-x"), Conditions(hard_stop=limit)) == row()
    assert used(limits)["total_day"] == 1_000


def test_a_limit_below_one_price_refuses_the_first_decision_too(ledger, limits):
    with pytest.raises(BudgetExhausted, match="total/day leaves 999 micro-dollars") as refused:
        ledger.commit(row(), Conditions(hard_stop=SpendLimit(1_000, inference_month=10_000, total_day=999)))
    assert refused.value.retry_after == 12 * 3_600
    assert used(limits) == dict.fromkeys(SPEND_COUNTERS, 0)


def test_quota_and_hard_limit_refuse_without_using_the_other(ledger, limits):
    limit = SpendLimit(1_000, inference_month=1_000)
    ledger.commit(row(0), Conditions(5, limit))
    with pytest.raises(QuotaExceeded):
        ledger.commit(row(1), Conditions(1, replace(limit, inference_month=9_000)))
    with pytest.raises(BudgetExhausted):
        ledger.commit(row(1), Conditions(5, limit))
    for number in range(2, 6):
        ledger.commit(row(number), Conditions(5))
    assert used(limits)["inference_month"] == 1_000


def test_days_and_tenants_count_separately_and_days_add_to_months(ledger, limits):
    limit = SpendLimit(1_000, inference_day=1_000)
    ledger.commit(row(0), Conditions(hard_stop=limit))
    ledger.commit(replace(row(1), created_at="2026-03-02T00:00:00.000000Z"), Conditions(hard_stop=limit))
    ledger.commit(row(2, tenant="globex"), Conditions(hard_stop=limit))
    assert used(limits, day="2026-03-02") == {
        "inference_month": 2_000,
        "inference_day": 1_000,
        "total_month": 2_000,
        "total_day": 1_000,
    }


def test_a_reservation_is_made_once_and_released_once(limits):
    limit, reservation = SpendLimit(1_000, total_month=10_000), SpendReservation("b-1", f"{DAY}T12:00:00Z", 8_000)
    for _ in range(2):
        limits.reserve("acme", reservation, limit)
    with pytest.raises(BudgetExhausted, match="total/month leaves 2000 micro-dollars; this needs 3000"):
        limits.reserve("acme", SpendReservation("b-2", reservation.moment, 3_000), limit)
    for _ in range(2):
        limits.release("acme", reservation, 5_000)
    limits.release("acme", SpendReservation("b-2", reservation.moment, 3_000), 3_000)
    assert used(limits)["total_month"] == 3_000


def test_unreserved_spend_counts_and_is_recorded_by_one_of_two(ledger, limits):
    limit = SpendLimit(1_000, inference_month=9_000, total_month=9_000)
    ledger.commit(row(0), Conditions(hard_stop=limit))
    seen = limits.read_tally("acme", DAY)
    unreserved = {"inference_month": 0, "inference_day": 0, "total_month": 7_000, "total_day": 500}
    assert limits.set_unreserved("acme", seen, unreserved)
    assert not limits.set_unreserved("acme", seen, {**unreserved, "total_month": 6_000})
    ledger.commit(row(1), Conditions(hard_stop=limit))
    with pytest.raises(BudgetExhausted, match="total/month leaves 0 "):
        ledger.commit(row(2), Conditions(hard_stop=limit))
    seen = limits.read_tally("acme", DAY)
    assert limits.set_unreserved("acme", seen, {**unreserved, "total_month": 6_500})
    assert used(limits) == {
        "inference_month": 2_000,
        "inference_day": 2_000,
        "total_month": 8_500,
        "total_day": 2_500,
    }


def test_a_table_that_does_not_answer_is_unavailable(dynamodb):
    away, reservation = DynamoHardLimits(dynamodb, "no-such-table", Clock()), SpendReservation("b-1", DAY, 1)
    seen = DynamoHardLimits(dynamodb, "usage", Clock()).read_tally("acme", DAY)
    for call in (
        lambda: away.read_tally("acme", DAY),
        lambda: away.set_unreserved("acme", seen, seen.unreserved),
        lambda: away.reserve("acme", reservation, SpendLimit(1, total_day=1)),
        lambda: away.get_reservation("acme", "b-1", DAY),
        lambda: away.release("acme", reservation, 1),
    ):
        with pytest.raises(Unavailable):
            call()
