"""Publication of price books, always ahead of their validity."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from vigil.errors import FieldError, InvalidInput
from vigil.money.costs.model import BILLED, Price, PriceBook
from vigil.money.costs.ports import PriceBookStore
from vigil.money.costs.prices.model import check_price
from vigil.money.usage.model import Meter

MIN_NOTICE = timedelta(hours=1)
"""Minimum time from the publication of a book to its validity; a cache of books may be up to this old."""


class PriceBooks:
    """Publishes and lists price books. Calls `on_change` after each publication."""

    def __init__(
        self, prices: PriceBookStore, clock: Callable[[], datetime], on_change: Callable[[], None] = lambda: None
    ) -> None:
        self._prices = prices
        self._clock = clock
        self._on_change = on_change

    def list_books(self) -> Sequence[PriceBook]:
        """Return every book in order of versions."""
        return self._prices.books()

    def publish(self, valid_from: datetime, prices: Mapping[Meter, tuple[int, int]]) -> PriceBook:
        """Store prices (micro-dollars, and the units they are for) valid from a full hour; return their book.

        Raises InvalidInput for a time that is not a full hour or too early, if a meter has no price or is not
        billed, or for a price above its bound. Raises Conflict if other prices were published at the same time.
        """
        moment = valid_from.astimezone(UTC)
        if (moment.minute, moment.second, moment.microsecond) != (0, 0, 0):
            raise InvalidInput(FieldError("valid_from", "is not a full hour", "minutes and seconds 0"))
        if moment < self._clock() + MIN_NOTICE:
            bound = "at least one hour ahead of the server's clock"
            raise InvalidInput(FieldError("valid_from", "is too early", bound))
        if prices.keys() != BILLED.keys():
            raise InvalidInput(FieldError("prices", "must have one price for each meter", ", ".join(sorted(BILLED))))
        listed = tuple(Price(meter, category, *prices[meter]) for meter, category in BILLED.items())
        for price in listed:
            check_price(price)
        book = PriceBook(self._prices.books()[-1].version + 1, f"{moment:%Y-%m-%dT%H}", listed)
        self._prices.add(book)
        self._on_change()
        return book
