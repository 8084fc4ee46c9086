"""1,000 random health reports, and pairs of successive days: a linear programme derives no hidden count."""

import pytest

from tests.support.health_reports import MIN_SPREAD, lowest_shifted_spread, lowest_spread

pytestmark = pytest.mark.faults
EACH = 250


@pytest.mark.parametrize("first", range(0, 1_000, EACH))
def test_no_linear_programme_derives_a_hidden_count(first):
    assert lowest_spread(range(first, first + EACH)) >= MIN_SPREAD


@pytest.mark.parametrize("first", range(0, 200, 50))
def test_two_reports_a_day_apart_tell_no_hidden_count(first):
    assert lowest_shifted_spread(range(first, first + 50)) >= MIN_SPREAD
