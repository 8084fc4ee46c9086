"""Intervals of proportions and ratios against their published formulas and examples."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigil.monitoring.fairness.intervals_model import Proportion, ratio_interval

Z = 1.959963984540054
COUNTS = st.tuples(st.integers(1, 500), st.integers(0, 500)).map(lambda pair: Proportion(min(pair), pair[0]))


@pytest.mark.parametrize(
    ("events", "rows", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_interval_equals_the_examples_of_newcombe(events, rows, low, high):
    """Newcombe, Statistics in Medicine 17 (1998), table I, method 3."""
    assert Proportion(events, rows).interval(Z) == pytest.approx((low, high), abs=5e-5)


def test_equal_rates_have_ratio_one_inside_the_interval():
    ratio = ratio_interval(Proportion(30, 300), Proportion(120, 1_200), Z)
    assert ratio.value == pytest.approx(1.0)
    assert ratio.low < 1 < ratio.high


def test_others_without_an_event_leave_the_ratio_open():
    ratio = ratio_interval(Proportion(5, 30), Proportion(0, 120), Z)
    assert ratio.value is None
    assert ratio.high == math.inf
    assert ratio.low > 0


def test_group_without_an_event_has_an_upper_limit():
    ratio = ratio_interval(Proportion(0, 300), Proportion(120, 1_200), Z)
    assert (ratio.value, ratio.low) == (0.0, 0.0)
    assert 0 < ratio.high < 0.2


@given(COUNTS, COUNTS)
def test_any_counts_give_limits_around_the_ratio(group, others):
    ratio = ratio_interval(group, others, Z)
    assert 0 <= ratio.low <= ratio.high
    if ratio.value is not None:
        assert ratio.low <= ratio.value * (1 + 1e-9)
        assert ratio.high >= ratio.value * (1 - 1e-9)


@given(COUNTS.filter(lambda each: each.events), COUNTS.filter(lambda each: each.events))
def test_swapped_sides_give_the_inverse_interval(group, others):
    ratio, inverse = ratio_interval(group, others, Z), ratio_interval(others, group, Z)
    assert ratio.value == pytest.approx(1 / inverse.value)
    if inverse.low > 0 and math.isfinite(inverse.high):
        assert ratio.low == pytest.approx(1 / inverse.high, rel=1e-6)
        assert ratio.high == pytest.approx(1 / inverse.low, rel=1e-6)
