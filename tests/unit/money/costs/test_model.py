"""Prices are exact, every line is rounded once, and every sum is a sum of lines."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigil.kernel.time import hours_in_month, previous_month
from vigil.money.costs.model import (
    BILLED,
    CATEGORIES,
    CostLine,
    Price,
    PriceBook,
    adjustment_lines,
    closes_at,
    cost_by_hour,
    price_book_at,
    price_hours,
    sum_by,
    sum_micros,
)
from vigil.money.costs.prices.model import FIRST_PRICE_BOOK
from vigil.money.usage.model import UsageHour

SECOND = PriceBook(
    2, "2026-11-15T12", tuple(Price(p.meter, p.category, 2 * p.micros, p.per) for p in FIRST_PRICE_BOOK.prices)
)
BOOKS = (FIRST_PRICE_BOOK, SECOND)

hours = st.lists(
    st.builds(
        lambda day, hour, amounts: UsageHour(f"2026-11-{day:02d}T{hour:02d}", amounts),
        st.integers(1, 30),
        st.integers(0, 23),
        st.dictionaries(st.sampled_from([*BILLED, "charged"]), st.integers(0, 10**13)),
    ),
    max_size=40,
    unique_by=lambda hour: hour.hour,
)


def test_the_first_book_has_the_published_price_of_each_billed_meter():
    assert sorted(price.meter for price in FIRST_PRICE_BOOK.prices) == sorted(BILLED)
    assert all(price.category == BILLED[price.meter] for price in FIRST_PRICE_BOOK.prices)
    assert FIRST_PRICE_BOOK.price("api_calls").cost(1, "2026-11") == 100
    assert FIRST_PRICE_BOOK.price("predictions").cost(1, "2026-11") == 1_000
    assert FIRST_PRICE_BOOK.price("charged") is None


@pytest.mark.parametrize(("month", "hours"), [("2026-02", 672), ("2028-02", 696), ("2026-11", 720), ("2026-12", 744)])
def test_a_gigabyte_month_costs_the_same_in_every_month(month, hours):
    assert hours_in_month(month) == hours
    assert FIRST_PRICE_BOOK.price("storage_byte_hours").cost(10**9 * hours, month) == 23_000
    assert FIRST_PRICE_BOOK.price("database_byte_hours").cost(10**9 * hours, month) == 15_000


def test_a_line_is_rounded_half_to_even_once_a_day():
    use = [UsageHour(f"2026-11-01T{hour:02d}", {"webhooks": 1}) for hour in range(2)]  # 0.2 each
    assert price_hours(use, BOOKS)[0].micros == 0
    halves = PriceBook(1, "2000-01-01T00", (Price("emails", "third_party", 1, 2),))
    got = [price_hours([UsageHour("2026-11-01T00", {"emails": n})], [halves])[0].micros for n in (1, 2, 3, 5, 7)]
    assert got == [0, 1, 2, 2, 4]


def test_a_day_on_which_the_price_changes_has_a_line_for_each_price():
    use = [UsageHour("2026-11-15T11", {"predictions": 3}), UsageHour("2026-11-15T12", {"predictions": 4})]
    assert price_hours(use, BOOKS) == (
        CostLine("2026-11-15", "inference", "predictions", 3, 1, 3_000),
        CostLine("2026-11-15", "inference", "predictions", 4, 2, 8_000),
    )


def test_the_highest_valid_version_of_a_price_book_applies():
    correction = PriceBook(3, "2026-11-10T00", SECOND.prices)
    books = (*BOOKS, correction)
    got = [price_book_at(books, hour).version for hour in ("2026-11-09T23", "2026-11-10T00", "2026-11-20T00")]
    assert got == [1, 3, 3]


def test_a_meter_that_is_not_billed_has_no_line():
    assert price_hours([UsageHour("2026-11-01T00", {"charged": 7, "predictions": 0})], BOOKS) == ()


@given(hours)
def test_sums_equal_the_lines_and_a_line_rounds_by_half_a_micro(use):
    lines = price_hours(use, BOOKS)
    assert {sum_micros(lines)} == {sum(sum_by(lines, by).values()) for by in ("day", "category", "meter")}
    exact = sum(micros for _, _, micros in cost_by_hour(use, BOOKS))
    assert abs(sum_micros(lines) - exact) <= Fraction(len(lines), 2)
    assert list(lines) == sorted(lines, key=lambda line: (line.day, CATEGORIES.index(line.category)))
    assert len({line.sort_key() for line in lines}) == len(lines)


@given(hours, st.randoms(use_true_random=False))
def test_the_order_of_hours_does_not_matter(use, random):
    lines = price_hours(use, BOOKS)
    random.shuffle(use)
    assert price_hours(use, BOOKS) == lines


@given(hours, hours)
def test_a_statement_with_its_adjustment_equals_current_usage(before, now):
    stated, fresh = price_hours(before, BOOKS), price_hours(now, BOOKS)
    found = adjustment_lines(fresh, stated, "2027-01-04", "2026-11")
    assert sum_micros(stated) + sum_micros(found) == sum_micros(fresh)
    assert adjustment_lines(fresh, (*stated, *found), "2027-01-05", "2026-11") == ()
    assert {(line.day, line.adjusts) for line in found} <= {("2027-01-04", "2026-11")}


def test_a_month_closes_three_days_after_its_end():
    assert closes_at("2026-12").isoformat() == "2027-01-04T00:00:00+00:00"
    assert (previous_month("2027-01"), previous_month("2026-03")) == ("2026-12", "2026-02")
