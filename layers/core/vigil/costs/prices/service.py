"""Price books: published ahead of time, so that no price is ever another than the one that was known."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta

from vigil.costs.model import BILLED, Price, PriceBook
from vigil.costs.ports import Prices
from vigil.errors import FieldError, InvalidInput

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

    def publish(self, valid_from: datetime, prices: Iterable[Price]) -> PriceBook:
        """Keep prices that hold from a full hour on until a book of a higher version does, and return their book.

        Raises InvalidInput for a time that is no full hour or too early, or prices that are not one for each meter;
        Conflict if others were published meanwhile.
        """
        moment = valid_from.astimezone(UTC)
        if (moment.minute, moment.second, moment.microsecond) != (0, 0, 0):
            raise InvalidInput(FieldError("valid_from", "is not a full hour", "minutes and seconds 0"))
        if moment < self._clock() + AHEAD:
            raise InvalidInput(FieldError("valid_from", "is too early", "an hour ahead of our clock or later"))
        given = tuple(prices)
        if sorted(price.meter for price in given) != sorted(BILLED):
            raise InvalidInput(FieldError("prices", "must have one price for each meter", ", ".join(sorted(BILLED))))
        book = PriceBook(self._prices.books()[-1].version + 1, f"{moment:%Y-%m-%dT%H}", given)
        self._prices.add(book)
        return book
