"""Numbers for people: few digits, no power of ten where people do not write one, and the unit's right form."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigil.prediction.features.quantities import format_exact, format_rounded


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (6.333333, "6.3 days"),
        (1, "1 day"),
        (1.04, "1 day"),
        (0.97, "0.97 days"),
        (0.996, "1 day"),
        (0, "0 days"),
        (-0.0, "0 days"),
        (-1.25, "-1.2 days"),
        (34.26, "34.3 days"),
        (99.97, "100 days"),
        (12_345.6, "12,346 days"),
        (10_000_000, "10,000,000 days"),
        (0.123456, "0.12 days"),
        (2e15, "2e+15 days"),
    ],
)
def test_a_number_is_rounded_and_its_unit_agrees(number, text):
    assert format_rounded(number, "days", "day") == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1, "1"),
        (5.0, "5"),
        (0.5, "0.5"),
        (1e7, "10,000,000"),
        (65_535, "65,535"),
        (36.55, "36.55"),
        (1e15, "1" + 5 * ",000"),
    ],
)
def test_a_bound_keeps_all_of_its_digits(number, text):
    assert format_exact(number) == text
    assert format_exact(number, "km") == f"{text} km"


def test_a_unit_with_one_form_stays_as_it_is():
    assert format_rounded(1, "km") == "1 km"
    assert format_rounded(1) == "1"


@given(st.floats(-1e300, 1e300) | st.integers(-(10**12), 10**12))
def test_any_number_is_short_and_within_one_twentieth(number):
    text = format_rounded(number)
    assert len(text) <= 20
    assert re.fullmatch(r"-?[\d,]+(\.\d+)?(e[+-]\d+)?", text)
    assert float(text.replace(",", "")) == pytest.approx(number, rel=0.05, abs=0)
