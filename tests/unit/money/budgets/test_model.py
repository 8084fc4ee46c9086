"""Budgets: bounds, spend, thresholds, spans and events."""

import json
from datetime import UTC, datetime
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigil.errors import InvalidInput
from vigil.kernel.money import SpendLimit
from vigil.money.budgets.model import MAX_LIMIT_MICROS, Budget, BudgetPlan, span_of, spend_in_span
from vigil.money.costs.model import CATEGORIES, CostLine

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LIMITS = st.integers(1, MAX_LIMIT_MICROS)
LINES = st.lists(
    st.builds(
        CostLine,
        day=st.sampled_from(["2026-02-28", "2026-03-01", "2026-03-10"]),
        category=st.sampled_from(CATEGORIES),
        meter=st.just("predictions"),
        quantity=st.just(1),
        price_version=st.just(1),
        micros=st.integers(-1_000, 10**9),
    )
)


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("limit_micros", {"limit_micros": 0}),
        ("limit_micros", {"limit_micros": MAX_LIMIT_MICROS + 1}),
        ("thresholds", {"thresholds": ()}),
        ("thresholds", {"thresholds": tuple(range(1, 12))}),
        ("thresholds", {"thresholds": (0, 100)}),
        ("thresholds", {"thresholds": (80, 1_001)}),
        ("thresholds", {"thresholds": (100, 80)}),
        ("thresholds", {"thresholds": (80, 80)}),
        ("hard_stop", {"hard_stop": True, "category": "storage"}),
    ],
)
def test_a_value_out_of_bounds_raises_its_field_and_bound(field, wrong):
    with pytest.raises(InvalidInput) as refused:
        Budget(**{"category": "total", "period": "month", "limit_micros": 1} | wrong)
    (error,) = refused.value.errors
    assert error.field == field
    assert error.bound


@given(LINES)
def test_categories_add_up_to_the_total_and_days_to_their_month(lines):
    assert sum(spend_in_span(lines, category, "2026-03") for category in CATEGORIES) == spend_in_span(
        lines, "total", "2026-03"
    )
    days = ("2026-03-01", "2026-03-10")
    assert sum(spend_in_span(lines, "storage", day) for day in days) == spend_in_span(lines, "storage", "2026-03")


@given(LIMITS, st.integers(0, 2 * MAX_LIMIT_MICROS))
def test_a_threshold_is_reached_at_its_share_not_a_micro_earlier(limit, spend):
    budget = Budget("total", "month", limit, (80, 100))
    assert (80 in budget.reached_thresholds(spend)) == (Fraction(spend, limit) >= Fraction(80, 100))
    assert (100 in budget.reached_thresholds(spend)) == (spend >= limit)
    assert (budget.percent_spent(spend) >= 100) == (spend >= limit)


def test_a_plan_limits_spend_by_hard_stops_at_the_rounded_price():
    stops = [
        Budget("inference", "month", 7, hard_stop=True),
        Budget("inference", "day", 5),
        Budget("total", "day", 3, hard_stop=True),
    ]
    assert BudgetPlan(tuple(stops)).spend_limit(Fraction(3, 2)) == SpendLimit(2, inference_month=7, total_day=3)
    assert BudgetPlan((stops[1],)).spend_limit(Fraction(1)) is None


@pytest.mark.parametrize(
    ("period", "set_at", "expected"),
    [
        ("day", "2026-02-20T00:00:00+00:00", ["2026-02-28", "2026-03-01"]),
        ("day", "2026-03-01T00:00:00+00:00", ["2026-03-01"]),
        ("month", "2026-02-20T00:00:00+00:00", ["2026-02", "2026-03"]),
        ("month", "2026-03-01T11:59:59+00:00", ["2026-03"]),
    ],
)
def test_the_last_span_is_checked_unless_the_budget_is_newer(period, set_at, expected):
    assert Budget("total", period, 1, changed_at=set_at).spans_to_check(NOW) == expected


def test_the_span_of_a_moment_is_in_utc():
    late = datetime.fromisoformat("2026-03-01T01:00:00+02:00")
    assert (span_of("day", late), span_of("month", late)) == ("2026-02-28", "2026-02")


def test_the_event_of_an_alert_has_the_documented_fields_only():
    alert = Budget("total", "day", 1_000).create_alert("2026-03-01", 80, 850, NOW)
    event = alert.to_event("acme")
    assert event.event_id == "acme.total.2026-03-01.80.budgets.threshold_reached"
    assert json.loads(event.detail) == {
        "event_id": event.event_id,
        "event_version": 2,
        "occurred_at": "2026-03-01T12:00:00.000000Z",
        "tenant_id": "acme",
        "category": "total",
        "period": "day",
        "span": "2026-03-01",
        "threshold": 80,
        "limit_micros": 1_000,
        "spent_micros": 850,
        "reached_at": "2026-03-01T12:00:00.000000Z",
    }
