"""Contracts of statements and price books for the fakes and DynamoDB."""

from decimal import Decimal

import pytest

from tests.support.fakes.costs import FakePriceBooks, FakeStatements
from vigil.errors import Conflict, Unavailable
from vigil.money.costs.model import Adjustment, CostLine, CostStatement, PriceBook
from vigil.money.costs.prices.model import FIRST_PRICE_BOOK
from vigil.money.costs.prices.store import DynamoPriceBooks
from vigil.money.costs.store import DynamoStatements

LINE = CostLine("2026-11-30", "inference", "predictions", 5, 1, 5_000)
LATE = CostLine("2026-12-04", "inference", "predictions", 2, 1, 2_000, "2026-11")
STATED = CostStatement("2026-11", (LINE,), "2026-12-04T00:00:00.000000Z")


@pytest.fixture(params=["fake", "dynamodb"])
def statements(request):
    if request.param == "fake":
        return FakeStatements()
    return DynamoStatements(request.getfixturevalue("aws")("dynamodb"), "costs")


@pytest.fixture(params=["fake", "dynamodb"])
def prices(request):
    return (
        FakePriceBooks()
        if request.param == "fake"
        else DynamoPriceBooks(request.getfixturevalue("aws")("dynamodb"), "costs")
    )


def adjustment(number, *lines):
    return Adjustment("2026-11", number, lines or (LATE,))


def test_a_month_has_one_statement_that_never_changes(statements):
    assert statements.statement("acme", "2026-11") is None
    assert statements.close("acme", STATED)
    assert not statements.close("acme", CostStatement("2026-11", (), "2026-12-05T00:00:00.000000Z"))
    assert statements.statement("acme", "2026-11") == STATED
    assert statements.statement("globex", "2026-11") is None
    assert statements.statement("acme", "2026-12") is None


def test_a_quantity_with_decimals_is_stored_exactly(statements):
    spoken = CostLine("2026-11-30", "third_party", "audio_seconds", Decimal("999999999.001"), 1, 99_999_999_900)
    statements.close("acme", CostStatement("2026-11", (LINE, spoken), STATED.closed_at))
    found = statements.statement("acme", "2026-11")
    assert [(str(line.quantity), type(line.quantity)) for line in found.lines] == [
        ("5", int),
        ("999999999.001", Decimal),
    ]


def test_adjustments_are_booked_in_one_month_and_summed_by_another(statements):
    assert statements.adjustment_total("acme", "2026-11") is None
    assert statements.book_adjustment("acme", adjustment(1), "2026-12")
    assert statements.book_adjustment("acme", adjustment(2), "2026-12")
    assert statements.book_adjustment("acme", adjustment(3), "2027-01")
    (december,) = statements.adjustments_booked_in("acme", "2026-12")
    assert (december.quantity, december.micros, december.adjusts) == (4, 4_000, "2026-11")
    assert statements.adjustments_booked_in("acme", "2027-01") == (LATE,)
    known = statements.adjustment_total("acme", "2026-11")
    assert (known.number, [line.micros for line in known.lines]) == (3, [6_000])
    assert statements.adjustments_booked_in("globex", "2026-12") == ()


def test_an_adjustment_is_booked_once(statements):
    assert statements.book_adjustment("acme", adjustment(1), "2026-12")
    assert not statements.book_adjustment("acme", adjustment(1), "2026-12")
    assert not statements.book_adjustment("acme", adjustment(1), "2027-01")
    assert not statements.book_adjustment("acme", adjustment(3), "2026-12")
    assert statements.adjustments_booked_in("acme", "2026-12") == (LATE,)


def test_a_closed_month_accepts_no_adjustment(statements):
    statements.close("acme", CostStatement("2026-12", (), "2027-01-04T00:00:00.000000Z"))
    assert not statements.book_adjustment("acme", adjustment(1), "2026-12")
    assert statements.adjustments_booked_in("acme", "2026-12") == ()
    assert statements.adjustment_total("acme", "2026-11") is None
    assert statements.book_adjustment("acme", adjustment(1), "2027-01")


def test_price_books_are_added_and_never_changed(prices):
    assert list(prices.books()) == [FIRST_PRICE_BOOK]
    second = PriceBook(2, "2026-12-01T00", tuple(reversed(FIRST_PRICE_BOOK.prices)))
    prices.add(second)
    with pytest.raises(Conflict):
        prices.add(PriceBook(2, "2027-01-01T00", FIRST_PRICE_BOOK.prices))
    prices.add(PriceBook(3, "2026-11-01T00", FIRST_PRICE_BOOK.prices))
    assert [(book.version, book.valid_from) for book in prices.books()][1:] == [
        (2, "2026-12-01T00"),
        (3, "2026-11-01T00"),
    ]
    assert set(prices.books()[1].prices) == set(FIRST_PRICE_BOOK.prices)


def test_a_table_that_does_not_answer_is_unavailable(aws):
    statements, prices = DynamoStatements(aws("dynamodb"), "none"), DynamoPriceBooks(aws("dynamodb"), "none")
    for call in (
        lambda: statements.statement("acme", "2026-11"),
        lambda: statements.close("acme", STATED),
        lambda: statements.adjustments_booked_in("acme", "2026-11"),
        lambda: statements.adjustment_total("acme", "2026-11"),
        lambda: statements.book_adjustment("acme", adjustment(1), "2026-12"),
        prices.books,
        lambda: prices.add(FIRST_PRICE_BOOK),
    ):
        with pytest.raises(Unavailable):
            call()
