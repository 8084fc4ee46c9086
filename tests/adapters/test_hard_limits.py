"""Hard stops in DynamoDB: what fits is set aside in the commit, what is known otherwise is settled."""

from dataclasses import replace

import pytest

from tests.support.fakes.clock import Clock
from tests.support.ledgers import ledger as ledger_on
from tests.support.ledgers import ledger_row as row
from vigil.decisions.scoring.model import Conditions
from vigil.errors import BudgetExhausted, QuotaExceeded, Unavailable
from vigil.kernel.money import COUNTERS, HardStop, Hold
from vigil.money.budgets.hard_limits_store import DynamoStops

DAY = "2026-03-01"


@pytest.fixture
def stops(dynamodb):
    return DynamoStops(dynamodb, "usage", Clock())


@pytest.fixture
def ledger(dynamodb):
    return ledger_on(dynamodb, clock=Clock())


def used(stops, tenant="acme", day=DAY):
    return dict(stops.tally(tenant, day).used)


def test_decisions_are_written_while_their_price_fits(ledger, stops):
    stop = HardStop(1_000, inference_month=3_500)
    for number in range(3):
        assert ledger.commit(row(number), Conditions(hard_stop=stop)) is None
    with pytest.raises(BudgetExhausted, match="inference/month leaves 500 micro-dollars; this needs 1000") as refused:
        ledger.commit(row(3), Conditions(hard_stop=stop))
    assert refused.value.retry_after == (31 * 24 - 12) * 3_600
    assert ledger.get("acme", row(3).decision_id) is None
    assert used(stops) == dict.fromkeys(COUNTERS, 3_000)


def test_a_replay_is_answered_when_nothing_is_left(ledger, stops):
    stop = HardStop(1_000, total_day=1_000)
    ledger.commit(row(), Conditions(hard_stop=stop))
    assert ledger.commit(replace(row(), nonce="n-x"), Conditions(hard_stop=stop)) == row()
    assert used(stops)["total_day"] == 1_000


def test_a_limit_below_one_price_refuses_the_first_decision_too(ledger, stops):
    with pytest.raises(BudgetExhausted, match="total/day leaves 999 micro-dollars") as refused:
        ledger.commit(row(), Conditions(hard_stop=HardStop(1_000, inference_month=10_000, total_day=999)))
    assert refused.value.retry_after == 12 * 3_600
    assert used(stops) == dict.fromkeys(COUNTERS, 0)


def test_what_a_quota_refuses_is_not_set_aside_nor_charged_what_a_stop_refuses(ledger, stops):
    stop = HardStop(1_000, inference_month=1_000)
    ledger.commit(row(0), Conditions(5, stop))
    with pytest.raises(QuotaExceeded):
        ledger.commit(row(1), Conditions(1, replace(stop, inference_month=9_000)))
    with pytest.raises(BudgetExhausted):
        ledger.commit(row(1), Conditions(5, stop))
    for number in range(2, 6):
        ledger.commit(row(number), Conditions(5))
    assert used(stops)["inference_month"] == 1_000


def test_days_and_tenants_count_apart_and_days_add_up_to_their_month(ledger, stops):
    stop = HardStop(1_000, inference_day=1_000)
    ledger.commit(row(0), Conditions(hard_stop=stop))
    ledger.commit(replace(row(1), created_at="2026-03-02T00:00:00.000000Z"), Conditions(hard_stop=stop))
    ledger.commit(row(2, tenant="globex"), Conditions(hard_stop=stop))
    assert used(stops, day="2026-03-02") == {
        "inference_month": 2_000,
        "inference_day": 1_000,
        "total_month": 2_000,
        "total_day": 1_000,
    }


def test_a_hold_is_made_once_and_given_back_once(stops):
    stop, hold = HardStop(1_000, total_month=10_000), Hold("b-1", f"{DAY}T12:00:00Z", 8_000)
    for _ in range(2):
        stops.hold("acme", hold, stop)
    with pytest.raises(BudgetExhausted, match="total/month leaves 2000 micro-dollars; this needs 3000"):
        stops.hold("acme", Hold("b-2", hold.moment, 3_000), stop)
    for _ in range(2):
        stops.release("acme", hold, 5_000)
    stops.release("acme", Hold("b-2", hold.moment, 3_000), 3_000)
    assert used(stops)["total_month"] == 3_000


def test_what_is_spent_beside_counts_and_is_said_by_one_of_two_who_saw_the_same(ledger, stops):
    stop = HardStop(1_000, inference_month=9_000, total_month=9_000)
    ledger.commit(row(0), Conditions(hard_stop=stop))
    seen = stops.tally("acme", DAY)
    beside = {"inference_month": 0, "inference_day": 0, "total_month": 7_000, "total_day": 500}
    assert stops.settle("acme", seen, beside)
    assert not stops.settle("acme", seen, {**beside, "total_month": 6_000})
    ledger.commit(row(1), Conditions(hard_stop=stop))
    with pytest.raises(BudgetExhausted, match="total/month leaves 0 "):
        ledger.commit(row(2), Conditions(hard_stop=stop))
    seen = stops.tally("acme", DAY)
    assert stops.settle("acme", seen, {**beside, "total_month": 6_500})
    assert used(stops) == {
        "inference_month": 2_000,
        "inference_day": 2_000,
        "total_month": 8_500,
        "total_day": 2_500,
    }


def test_a_table_that_does_not_answer_is_unavailable(dynamodb):
    away, hold = DynamoStops(dynamodb, "no-such-table", Clock()), Hold("b-1", DAY, 1)
    seen = DynamoStops(dynamodb, "usage", Clock()).tally("acme", DAY)
    for call in (
        lambda: away.tally("acme", DAY),
        lambda: away.settle("acme", seen, seen.beside),
        lambda: away.hold("acme", hold, HardStop(1, total_day=1)),
        lambda: away.held("acme", "b-1", DAY),
        lambda: away.release("acme", hold, 1),
    ):
        with pytest.raises(Unavailable):
            call()
