"""Price books are published ahead of time, are complete and never change."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from tests.support.fakes.caches import CacheReports
from tests.support.fakes.clock import Clock
from tests.support.fakes.costs import FakePriceBooks
from vigil.errors import Conflict, InvalidInput, Unavailable
from vigil.kernel.time import hours_in_month
from vigil.money.budgets.model import MAX_LIMIT_MICROS
from vigil.money.costs.model import BILLED, STORED_METERS, PriceBook
from vigil.money.costs.prices.books_service import CachedPriceBooks
from vigil.money.costs.prices.model import FIRST_PRICE_BOOK, MAX_EXACT_MICROS, MAX_METER_MICROS, MAX_MONTHLY_UNITS
from vigil.money.costs.prices.service import PriceBooks
from vigil.money.usage.model import MAX_DAILY_UNITS, MAX_EVENT_UNITS, REPORTED_METERS

PRICES = {price.meter: (price.micros, price.per) for price in FIRST_PRICE_BOOK.prices}
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def books():
    return PriceBooks(FakePriceBooks(), Clock())


def test_a_book_is_valid_from_its_hour_with_the_next_version(books):
    book = books.publish(NOON + timedelta(hours=1), PRICES)
    assert book == PriceBook(2, "2026-03-01T13", FIRST_PRICE_BOOK.prices)
    assert books.publish(NOON + timedelta(days=9), PRICES).version == 3
    assert [book.version for book in books.list_books()] == [1, 2, 3]


def highest_prices():
    """Return the highest accepted price of each meter."""
    return {meter: (MAX_METER_MICROS, units) for meter, units in MAX_MONTHLY_UNITS.items()}


@pytest.mark.parametrize("meter", list(BILLED))
def test_price_above_its_bound_is_refused(books, meter):
    micros, per = highest_prices()[meter]
    with pytest.raises(InvalidInput) as caught:
        books.publish(NOON + timedelta(hours=1), PRICES | {meter: (micros + 1, per)})
    (error,) = caught.value.errors
    assert (error.field, error.message) == (f"prices.{meter}", "is too high")


def test_largest_bill_of_four_months_is_exact_in_javascript(books):
    book = books.publish(NOON + timedelta(hours=1), highest_prices())
    hours = hours_in_month("2026-03")
    units = {meter: most * (hours if meter in STORED_METERS else 1) for meter, most in MAX_MONTHLY_UNITS.items()}
    total = sum(price.cost(units[price.meter], "2026-03") for price in book.prices)
    assert 0.9 * MAX_EXACT_MICROS < 4 * total <= MAX_EXACT_MICROS == 2**53 - 1
    assert MAX_LIMIT_MICROS < MAX_EXACT_MICROS


def test_largest_reports_of_a_month_are_those_of_the_check():
    assert {meter: MAX_MONTHLY_UNITS[meter] for meter in REPORTED_METERS} == {
        meter: 31 * most for meter, most in MAX_DAILY_UNITS.items()
    }
    assert all(MAX_EVENT_UNITS[meter] <= most for meter, most in MAX_DAILY_UNITS.items())


def test_a_validity_in_another_time_zone_is_converted(books):
    there = datetime(2026, 3, 2, 1, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    assert books.publish(there, PRICES).valid_from == "2026-03-01T20"


@pytest.mark.parametrize(
    ("moment", "given", "field"),
    [
        (NOON + timedelta(minutes=59), PRICES, "valid_from"),
        (NOON, PRICES, "valid_from"),
        (NOON - timedelta(days=1), PRICES, "valid_from"),
        (NOON + timedelta(hours=2, seconds=1), PRICES, "valid_from"),
        (NOON + timedelta(hours=2), {"emails": (1, 1)}, "prices"),
        (NOON + timedelta(hours=2), PRICES | {"charged": (1, 1)}, "prices"),
    ],
)
def test_an_early_or_incomplete_price_book_is_refused(books, moment, given, field):
    with pytest.raises(InvalidInput) as caught:
        books.publish(moment, given)
    assert [error.field for error in caught.value.errors] == [field]
    assert len(books.list_books()) == 1


def test_a_concurrent_publication_raises_conflict():
    class Late(FakePriceBooks):
        """Price books to which another is added after each read."""

        def books(self):
            read = super().books()
            self.stored.append(PriceBook(len(read) + 1, "2026-04-01T00", FIRST_PRICE_BOOK.prices))
            return read

    with pytest.raises(Conflict):
        PriceBooks(Late(), Clock()).publish(NOON + timedelta(hours=2), PRICES)


def test_costs_read_prices_once_in_five_minutes_and_after_a_publication():
    store, clock = FakePriceBooks(), Clock()
    cached = CachedPriceBooks(store, clock, CacheReports())
    books = PriceBooks(store, clock, cached.expire)
    assert len(cached.books()) == 1
    PriceBooks(store, clock).publish(NOON + timedelta(hours=2), PRICES)  # by another process
    clock.advance(minutes=4)
    assert len(cached.books()) == 1
    books.publish(NOON + timedelta(hours=3), PRICES)
    assert len(cached.books()) == 3


def test_cached_prices_lack_no_valid_book_while_the_store_is_away(monkeypatch):
    store, clock = FakePriceBooks(), Clock()
    cached = CachedPriceBooks(store, clock, CacheReports())
    cached.books()
    PriceBooks(store, clock).publish(NOON + timedelta(hours=1), PRICES)

    def fail(_):
        raise Unavailable("The costs table did not answer.")

    monkeypatch.setattr(FakePriceBooks, "books", fail)
    clock.advance(minutes=59)
    assert len(cached.books()) == 1, "the second book is not valid yet"
    clock.advance(minutes=1)
    with pytest.raises(Unavailable):
        cached.books()
