"""Projections of spend to the end of a period."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from benchmarks import spend_scenarios
from benchmarks.forecast import projection_quality
from vigil.money.forecasting.projection import CONFIDENCE, project_spend


@pytest.mark.parametrize("name", ["office", "growing", "lumps", "wandering"])
def test_nine_of_ten_intervals_include_the_simulated_spend(name):
    interval = projection_quality(
        spend_scenarios.SCENARIOS[name], np.random.default_rng(2), weeks=8, day=10, tenants=80
    )
    assert interval.coverage == pytest.approx(CONFIDENCE, abs=0.11)


def test_equal_days_give_an_exact_projection():
    interval = project_spend([100.0] * 14, 0, 500.0, [0.5, 1.0, 1.0])
    assert (interval.low, interval.middle, interval.high) == (750.0, 750.0, 750.0)


def test_weekends_are_projected_from_weekends():
    draw = np.random.default_rng(1)
    weeks = ([100.0] * 5 + [10.0] * 2) * 8
    days = [day * draw.gamma(400, 1 / 400) for day in weeks]
    weekend, weekdays = project_spend(days[:-2], 0, 0.0, [1.0, 1.0]), project_spend(days, 0, 0.0, [1.0, 1.0])
    assert weekend.middle < 50
    assert weekdays.middle > 160


def test_growth_continues_in_the_projection():
    draw = np.random.default_rng(1)
    days = [100.0 * 1.02**day * draw.gamma(400, 1 / 400) for day in range(56)]
    assert project_spend(days, 0, 0.0, [1.0] * 14).middle == pytest.approx(
        sum(100 * 1.02**d for d in range(56, 70)), rel=0.1
    )


def test_the_projection_at_the_end_of_a_period_is_the_spend():
    interval = project_spend([80.0, 120.0] * 10, 0, 2_000.0, [0.0])
    assert (interval.low, interval.high) == (2_000.0, 2_000.0)


def test_the_interval_widens_with_the_days_ahead():
    days = spend_scenarios.wandering(np.random.default_rng(4), 56 * 24).reshape(-1, 24).sum(axis=1).tolist()
    widths = [(interval := project_spend(days, 0, 0.0, [1.0] * count)).high - interval.low for count in (1, 5, 10, 20)]
    assert widths == sorted(widths)


@settings(max_examples=150)
@example(days=[1e-200, *[0.0] * 13], weekday=0, spent=0.0, left=[1.0])  # its square underflows to 0
@given(
    # In micros: a byte stored for an hour costs 3e-8.
    days=st.lists(st.one_of(st.just(0.0), st.floats(1e-9, 1e12)), min_size=14, max_size=56),
    weekday=st.integers(0, 6),
    spent=st.floats(0, 1e12),
    left=st.lists(st.floats(0, 1), min_size=1, max_size=31),
)
def test_any_interval_is_ordered_and_not_below_the_spend(days, weekday, spent, left):
    interval = project_spend(days, weekday, spent, left)
    assert spent <= interval.low <= interval.middle <= interval.high < float("inf")
