"""The JSON of price books."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from vigil.money.costs.model import Category, PriceBook
from vigil.money.usage.model import Meter
from vigil.web.schemas import Timestamp

_MOST = 10**12


class PriceBody(BaseModel):
    """What `per` units cost, in micros: of `*_byte_hours`, `per` bytes held for a month."""

    model_config = ConfigDict(extra="forbid")

    micros: Annotated[int, Field(strict=True, ge=0, le=_MOST, description="Millionths of a dollar.")]
    per: Annotated[int, Field(strict=True, ge=1, le=_MOST)] = 1


class PriceBookBody(BaseModel):
    """Prices of every meter, from a full hour on that is at least an hour ahead."""

    model_config = ConfigDict(extra="forbid")

    valid_from: Timestamp
    prices: dict[Meter, PriceBody]

    def ratios(self) -> dict[Meter, tuple[int, int]]:
        """Return what so many units of each meter cost."""
        return {meter: (price.micros, price.per) for meter, price in self.prices.items()}


class PriceView(PriceBody):
    """A price and the category that it counts in."""

    category: Category


class PriceBookView(BaseModel):
    """One version of all prices. The highest version whose `valid_from` has come holds."""

    version: int
    valid_from: str = Field(json_schema_extra={"format": "date-time"})
    currency: str = "USD"
    prices: dict[Meter, PriceView]

    @classmethod
    def of(cls, book: PriceBook) -> "PriceBookView":
        """Return how a book is shown."""
        prices = {p.meter: PriceView(micros=p.micros, per=p.per, category=p.category) for p in book.prices}
        return cls(version=book.version, valid_from=f"{book.valid_from}:00:00+00:00", prices=prices)


class PriceBookList(BaseModel):
    """Every price book there is, those of the past included."""

    items: list[PriceBookView]
