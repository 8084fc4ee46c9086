"""Budgets as tenants see them, and the hard limit that they define."""

from collections import Counter as Sums

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.money.budgets.world import World
from vigil.errors import NotFound, Unavailable
from vigil.kernel.money import SpendLimit
from vigil.money.budgets.model import Budget, span_of
from vigil.money.forecasting.model import Projection


def test_a_budget_shows_its_spend_and_its_reached_thresholds(world):
    world.costs.spend(8_500, "2026-03-01")
    status = world.put()
    assert status.projection == Projection("inference", 8_500, 8_500, 17_000, 25_500)
    assert world.put(period="day").projection is None
    assert (status.span, status.spent_micros, status.percent_spent, status.left_micros) == (
        "2026-03",
        8_500,
        85.0,
        None,
    )
    assert status.alerts == ()
    world.check().run("acme")
    (alert,) = world.budgets.get("acme", "inference", "month").alerts
    assert (alert.threshold, alert.spent_micros, alert.state) == (80, 8_500, "sent")
    assert (status.budget.changed_at, status.budget.changed_by) == ("2026-03-01T12:00:00.000000Z", "k-1")


def test_a_tenant_has_one_budget_per_category_and_period(world):
    _, new = world.budgets.put("acme", Budget("total", "day", 1), "k-1")
    _, again = world.budgets.put("acme", Budget("total", "day", 2), "k-1")
    world.put("total", "month")
    assert (new, again) == (True, False)
    assert [(s.budget.period, s.budget.limit_micros) for s in world.budgets.list_all("acme")] == [
        ("day", 2),
        ("month", 10_000),
    ]
    assert world.budgets.list_all("globex") == ()
    world.budgets.delete("globex", "total", "day")
    with pytest.raises(NotFound):
        world.budgets.get("globex", "total", "day")
    assert world.budgets.list_all("acme")


def test_a_hard_limit_is_published_and_removed_with_its_budget(world):
    world.put(hard_stop=True)
    world.put("total", "day", 99, hard_stop=True)
    assert world.limits.published["acme"] == SpendLimit(1_000, inference_month=10_000, total_day=99)
    world.budgets.delete("acme", "total", "day")
    assert world.limits.published["acme"] == SpendLimit(1_000, inference_month=10_000)
    world.put(hard_stop=False)
    assert world.limits.published["acme"] is None


def test_a_failed_publication_of_a_limit_is_repeated_by_the_check(world):
    world.limits.away = True
    with pytest.raises(Unavailable):
        world.put(hard_stop=True)
    world.limits.away = False
    world.check().run("acme")
    assert world.limits.published["acme"] == SpendLimit(1_000, inference_month=10_000)


def test_earlier_spend_counts_against_a_new_hard_limit_at_once(world):
    world.costs.spend(4_000, "2026-03-01")
    world.costs.spend(500, "2026-03-01", "storage")
    assert world.put(hard_stop=True).left_micros == 6_000
    assert world.put("total", "day", hard_stop=True).left_micros == 5_500


ACTS = "reserve", "count", "uncharged", "storage", "look", "drop", "put", "midnight"
HARD = [(category, period) for category in ("inference", "total") for period in ("month", "day")]


@given(st.lists(st.sampled_from(ACTS), max_size=40))
def test_all_spend_counts_once_in_any_order_of_actions(acts):
    """Predictions are reserved by their commit and counted later; other spend is recorded by the check."""
    world, spent, on_their_way = World(), Sums(), []
    world.clock.advance(days=28)  # so that days and a month end
    for act in [*acts, "put"]:
        today = f"{world.clock():%Y-%m-%d}"
        if act == "reserve":
            world.tallies.reserve("acme", today, 1_000)
            on_their_way.append(today)
            spent["inference", today] += 1_000
        elif act == "count" and on_their_way:
            world.costs.spend(1_000, day := on_their_way.pop(0))
            world.costs.reserve(1_000, f"{day}T12")
        elif act in {"uncharged", "storage"}:
            category = "inference" if act == "uncharged" else "storage"
            world.costs.spend(700, today, category)
            spent[category, today] += 700
        elif act == "look":
            world.check().run("acme")
        elif act in {"drop", "put"}:
            for category, period in HARD:
                world.put(category, period, 10**9, hard_stop=act == "put")
        elif act == "midnight":
            world.clock.advance(days=1)
    for category, period in HARD:
        span = span_of(period, world.clock())
        counts = (n for (of, day), n in spent.items() if day.startswith(span) and category in {of, "total"})
        assert world.budgets.get("acme", category, period).left_micros == 10**9 - sum(counts)


def test_an_outdated_sync_of_unreserved_spend_writes_nothing(world):
    world.put("total", hard_stop=True)
    seen = world.tallies.read_tally("acme", "2026-03-01")
    world.costs.spend(300, "2026-03-01", "storage")
    world.check().run("acme")
    assert not world.tallies.set_unreserved("acme", seen, dict.fromkeys(seen.unreserved, 100))
    assert world.tallies.read_tally("acme", "2026-03-01").unreserved["total_month"] == 300
