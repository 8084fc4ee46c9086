"""The contracts of statements and price books, held by the fakes and by DynamoDB alike."""

import pytest

from tests.support.fakes.costs import FakePrices, FakeStatements
from vigil.errors import Conflict, Unavailable
from vigil.money.costs.model import Adjustment, Line, PriceBook, Statement
from vigil.money.costs.prices.model import FIRST
from vigil.money.costs.prices.store import DynamoPrices
from vigil.money.costs.store import DynamoStatements

LINE = Line("2026-11-30", "inference", "predictions", 5, 1, 5_000)
LATE = Line("2026-12-04", "inference", "predictions", 2, 1, 2_000, "2026-11")
STATED = Statement("2026-11", (LINE,), "2026-12-04T00:00:00+00:00")


@pytest.fixture(params=["fake", "dynamodb"])
def statements(request):
    if request.param == "fake":
        return FakeStatements()
    return DynamoStatements(request.getfixturevalue("aws")("dynamodb"), "costs")


@pytest.fixture(params=["fake", "dynamodb"])
def prices(request):
    return (
        FakePrices() if request.param == "fake" else DynamoPrices(request.getfixturevalue("aws")("dynamodb"), "costs")
    )


def adjustment(number, *lines):
    return Adjustment("2026-11", number, lines or (LATE,))


def test_a_month_has_one_statement_for_ever(statements):
    assert statements.statement("acme", "2026-11") is None
    assert statements.close("acme", STATED)
    assert not statements.close("acme", Statement("2026-11", (), "2026-12-05T00:00:00+00:00"))
    assert statements.statement("acme", "2026-11") == STATED
    assert statements.statement("globex", "2026-11") is None
    assert statements.statement("acme", "2026-12") is None


def test_adjustments_are_booked_in_one_month_and_summed_for_the_other(statements):
    assert statements.adjusted("acme", "2026-11") is None
    assert statements.adjust("acme", adjustment(1), "2026-12")
    assert statements.adjust("acme", adjustment(2), "2026-12")
    assert statements.adjust("acme", adjustment(3), "2027-01")
    (december,) = statements.booked("acme", "2026-12")
    assert (december.quantity, december.micros, december.adjusts) == (4, 4_000, "2026-11")
    assert statements.booked("acme", "2027-01") == (LATE,)
    known = statements.adjusted("acme", "2026-11")
    assert (known.number, [line.micros for line in known.lines]) == (3, [6_000])
    assert statements.booked("globex", "2026-12") == ()


def test_an_adjustment_is_booked_once(statements):
    assert statements.adjust("acme", adjustment(1), "2026-12")
    assert not statements.adjust("acme", adjustment(1), "2026-12")
    assert not statements.adjust("acme", adjustment(1), "2027-01")
    assert not statements.adjust("acme", adjustment(3), "2026-12")
    assert statements.booked("acme", "2026-12") == (LATE,)


def test_a_closed_month_takes_no_adjustment(statements):
    statements.close("acme", Statement("2026-12", (), "2027-01-04T00:00:00+00:00"))
    assert not statements.adjust("acme", adjustment(1), "2026-12")
    assert statements.booked("acme", "2026-12") == ()
    assert statements.adjusted("acme", "2026-11") is None
    assert statements.adjust("acme", adjustment(1), "2027-01")


def test_books_are_added_and_not_changed(prices):
    assert list(prices.books()) == [FIRST]
    second = PriceBook(2, "2026-12-01T00", tuple(reversed(FIRST.prices)))
    prices.add(second)
    with pytest.raises(Conflict):
        prices.add(PriceBook(2, "2027-01-01T00", FIRST.prices))
    prices.add(PriceBook(3, "2026-11-01T00", FIRST.prices))
    assert [(book.version, book.valid_from) for book in prices.books()][1:] == [
        (2, "2026-12-01T00"),
        (3, "2026-11-01T00"),
    ]
    assert set(prices.books()[1].prices) == set(FIRST.prices)


def test_a_table_that_does_not_answer_is_unavailable(aws):
    statements, prices = DynamoStatements(aws("dynamodb"), "none"), DynamoPrices(aws("dynamodb"), "none")
    for call in (
        lambda: statements.statement("acme", "2026-11"),
        lambda: statements.close("acme", STATED),
        lambda: statements.booked("acme", "2026-11"),
        lambda: statements.adjusted("acme", "2026-11"),
        lambda: statements.adjust("acme", adjustment(1), "2026-12"),
        prices.books,
        lambda: prices.add(FIRST),
    ):
        with pytest.raises(Unavailable):
            call()
