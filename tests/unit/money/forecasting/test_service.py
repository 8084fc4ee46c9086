"""Anomalies and projections as their tenants see them."""

from datetime import UTC, datetime
from fractions import Fraction

from vigil.money.costs.model import CATEGORIES, CostLine
from vigil.money.forecasting.model import category_histories, daily_spend, history_months, hours_of_today

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


def test_a_month_has_its_anomalies_latest_first_and_watched_categories(world):
    world.live(days=40)
    for _ in range(2):
        world.spend(3_000_000)
        world.check.run("acme")
        world.clock.advance(days=3)
    found = world.anomalies.month("acme", "2026-03")
    assert [(anomaly.number, anomaly.began) for anomaly in found.anomalies] == [
        (2, "2026-03-04T12"),
        (1, "2026-03-01T12"),
    ]
    assert {category for category, enough in found.watched.items() if enough} == {"inference"}
    assert set(found.watched) == set(CATEGORIES)
    assert world.anomalies.month("acme", "2026-02").anomalies == ()
    assert world.anomalies.month("globex", "2026-03").anomalies == ()


def test_steady_spend_projects_the_same_spend_for_the_rest_of_the_month(world):
    world.live(days=40)
    ends = world.projections.month_end("acme")
    assert ends["inference"].spent_micros == 12 * 100_000
    assert ends["inference"].middle_micros == 31 * 24 * 100_000
    assert ends["total"].middle_micros == ends["inference"].middle_micros


def test_the_total_is_the_sum_of_categories_with_its_own_interval(world):
    world.live(days=40)
    world.live(days=5, category="third_party")
    ends = world.projections.month_end("acme")
    assert ends["total"].spent_micros == ends["inference"].spent_micros + ends["third_party"].spent_micros
    assert ends["third_party"].middle_micros is None
    assert ends["total"].low_micros >= ends["total"].spent_micros


def test_a_tenant_without_spend_has_no_interval(world):
    assert {end.middle_micros for end in world.projections.month_end("acme").values()} == {None}


def test_the_history_is_from_the_first_day_with_spend_to_yesterday():
    hourly = [("2026-02-26T05", "inference", Fraction(7)), ("2026-02-28T23", "inference", Fraction(1, 2))]
    past = category_histories([*hourly, ("2026-03-01T00", "inference", Fraction(9))], (), NOW)["inference"]
    assert (len(past.hours), past.weekday) == (72, 3)
    assert (past.hours[5], past.hours[71], sum(past.hours)) == (7.0, 0.5, 7.5)
    assert category_histories([], (), NOW)["storage"].hours == ()


def test_today_ends_with_the_current_hour():
    hourly = [("2026-02-28T23", "inference", Fraction(1)), ("2026-03-01T02", "inference", Fraction(4))]
    assert hours_of_today(hourly, NOW) == {"inference": [0.0, 0.0, 4.0, *[0.0] * 10]}


def test_history_months_cover_the_eight_weeks():
    assert history_months(NOW) == ("2026-01", "2026-02", "2026-03")


def test_daily_spend_excludes_adjustments():
    lines = [
        CostLine("2026-02-27", "inference", "predictions", 1, 1, 5),
        CostLine("2026-02-28", "inference", "predictions", 1, 1, 7, "2026-01"),
    ]
    assert daily_spend(lines, datetime(2026, 2, 26, tzinfo=UTC), 3) == [0, 5, 0]
