"""Price books: published ahead of time, so that no price is ever another than the one that was known."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from vigil.errors import FieldError, InvalidInput
from vigil.money.costs.model import BILLED, Price, PriceBook
from vigil.money.costs.ports import Prices
from vigil.money.usage.model import Meter

AHEAD = timedelta(hours=1)
"""The least time from a book's publication to its validity: whoever keeps books for less is never wrong."""


class PriceBooks:
    """Publishes price books and tells them."""

    def __init__(self, prices: Prices, clock: Callable[[], datetime]) -> None:
        self._prices = prices
        self._clock = clock

    def all(self) -> Sequence[PriceBook]:
        """Return every book by its version."""
        return self._prices.books()

    def publish(self, valid_from: datetime, prices: Mapping[Meter, tuple[int, int]]) -> PriceBook:
        """Keep prices (micros, per so many units) that hold from a full hour on, and return their book.

        Raises InvalidInput for a time that is no full hour or too early, or prices that are not one for each meter;
        Conflict if others were published meanwhile.
        """
        moment = valid_from.astimezone(UTC)
        if (moment.minute, moment.second, moment.microsecond) != (0, 0, 0):
            raise InvalidInput(FieldError("valid_from", "is not a full hour", "minutes and seconds 0"))
        if moment < self._clock() + AHEAD:
            raise InvalidInput(FieldError("valid_from", "is too early", "an hour ahead of our clock or later"))
        if prices.keys() != BILLED.keys():
            raise InvalidInput(FieldError("prices", "must have one price for each meter", ", ".join(sorted(BILLED))))
        listed = tuple(Price(meter, category, *prices[meter]) for meter, category in BILLED.items())
        book = PriceBook(self._prices.books()[-1].version + 1, f"{moment:%Y-%m-%dT%H}", listed)
        self._prices.add(book)
        return book
