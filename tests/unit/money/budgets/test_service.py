"""Budgets as tenants see them, and the hard stop that they come to."""

from collections import Counter as Sums

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.money.budgets.world import World
from vigil.errors import NotFound, Unavailable
from vigil.kernel.money import HardStop
from vigil.money.budgets.model import Budget, span_of
from vigil.money.forecasting.model import Projection


def test_a_budget_says_what_is_spent_of_it_and_which_thresholds_were_reached(world):
    world.books.spend(8_500, "2026-03-01")
    status = world.put()
    assert status.projection == Projection("inference", 8_500, 8_500, 17_000, 25_500)
    assert world.put(period="day").projection is None
    assert (status.span, status.spent_micros, status.share, status.left_micros) == ("2026-03", 8_500, 85.0, None)
    assert status.alerts == ()
    world.watch().look("acme")
    (alert,) = world.budgets.get("acme", "inference", "month").alerts
    assert (alert.threshold, alert.spent_micros, alert.state) == (80, 8_500, "sent")
    assert (status.budget.changed_at, status.budget.changed_by) == ("2026-03-01T12:00:00+00:00", "k-1")


def test_a_budget_is_one_per_category_and_period_and_a_tenants_own(world):
    _, new = world.budgets.put("acme", Budget("total", "day", 1), "k-1")
    _, again = world.budgets.put("acme", Budget("total", "day", 2), "k-1")
    world.put("total", "month")
    assert (new, again) == (True, False)
    assert [(s.budget.period, s.budget.limit_micros) for s in world.budgets.all("acme")] == [
        ("day", 2),
        ("month", 10_000),
    ]
    assert world.budgets.all("globex") == ()
    world.budgets.delete("globex", "total", "day")
    with pytest.raises(NotFound):
        world.budgets.get("globex", "total", "day")
    assert world.budgets.all("acme")


def test_a_hard_stop_is_carried_to_where_requests_are_let_in_and_taken_away_again(world):
    world.put(hard_stop=True)
    world.put("total", "day", 99, hard_stop=True)
    assert world.holders.stops["acme"] == HardStop(1_000, inference_month=10_000, total_day=99)
    world.budgets.delete("acme", "total", "day")
    assert world.holders.stops["acme"] == HardStop(1_000, inference_month=10_000)
    world.put(hard_stop=False)
    assert world.holders.stops["acme"] is None


def test_a_hard_stop_that_could_not_be_carried_is_by_the_next_look(world):
    world.holders.away = True
    with pytest.raises(Unavailable):
        world.put(hard_stop=True)
    world.holders.away = False
    world.watch().look("acme")
    assert world.holders.stops["acme"] == HardStop(1_000, inference_month=10_000)


def test_what_was_spent_before_the_stop_counts_from_its_first_moment(world):
    world.books.spend(4_000, "2026-03-01")
    world.books.spend(500, "2026-03-01", "storage")
    assert world.put(hard_stop=True).left_micros == 6_000
    assert world.put("total", "day", hard_stop=True).left_micros == 5_500


ACTS = "reserve", "count", "uncharged", "storage", "look", "drop", "put", "midnight"
HARD = [(category, period) for category in ("inference", "total") for period in ("month", "day")]


@given(st.lists(st.sampled_from(ACTS), max_size=40))
def test_whatever_happens_in_whatever_order_everything_spent_counts_once(acts):
    """A prediction is set aside by its commit and counted later; all that was not set aside is settled."""
    world, spent, on_their_way = World(), Sums(), []
    world.clock.advance(days=28)  # days end, and a month
    for act in [*acts, "put"]:
        today = f"{world.clock():%Y-%m-%d}"
        if act == "reserve":
            world.stops.take("acme", today, 1_000)
            on_their_way.append(today)
            spent["inference", today] += 1_000
        elif act == "count" and on_their_way:
            world.books.spend(1_000, day := on_their_way.pop(0))
            world.books.reserve(1_000, f"{day}T12")
        elif act in {"uncharged", "storage"}:
            category = "inference" if act == "uncharged" else "storage"
            world.books.spend(700, today, category)
            spent[category, today] += 700
        elif act == "look":
            world.watch().look("acme")
        elif act in {"drop", "put"}:
            for category, period in HARD:
                world.put(category, period, 10**9, hard_stop=act == "put")
        elif act == "midnight":
            world.clock.advance(days=1)
    for category, period in HARD:
        span = span_of(period, world.clock())
        counts = (n for (of, day), n in spent.items() if day.startswith(span) and category in {of, "total"})
        assert world.budgets.get("acme", category, period).left_micros == 10**9 - sum(counts)


def test_a_look_that_is_overtaken_says_nothing(world):
    world.put("total", hard_stop=True)
    seen = world.stops.tally("acme", "2026-03-01")
    world.books.spend(300, "2026-03-01", "storage")
    world.watch().look("acme")
    assert not world.stops.settle("acme", seen, dict.fromkeys(seen.beside, 100))
    assert world.stops.tally("acme", "2026-03-01").beside["total_month"] == 300
