"""JSON of price books."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from vigil.kernel.time import format_timestamp
from vigil.money.costs.model import Category, PriceBook
from vigil.money.usage.model import BilledMeter, Meter
from vigil.web.field_types import Moment, as_whole_number

_MAX = 10**12


class PriceBody(BaseModel):
    """Price of `per` units, in micros; for `*_byte_hours`, of `per` bytes stored for a month."""

    model_config = ConfigDict(extra="forbid")

    micros: Annotated[int, Field(ge=0, le=_MAX, description="Millionths of a dollar."), as_whole_number]
    per: Annotated[int, Field(ge=1, le=_MAX), as_whole_number] = 1


class PriceBookBody(BaseModel):
    """Prices of every meter, valid from a full hour that is at least one hour ahead."""

    model_config = ConfigDict(extra="forbid")

    valid_from: Moment
    prices: dict[BilledMeter, PriceBody]

    def ratios(self) -> dict[Meter, tuple[int, int]]:
        """Return the price of each meter as micros and the number of units they are for."""
        return {meter: (price.micros, price.per) for meter, price in self.prices.items()}


class PriceView(PriceBody):
    """A price and its category."""

    category: Category


class PriceBookView(BaseModel):
    """One version of all prices. The highest version with a past `valid_from` applies."""

    version: int
    valid_from: str = Field(json_schema_extra={"format": "date-time"})
    currency: str = "USD"
    prices: dict[Meter, PriceView]

    @classmethod
    def from_book(cls, book: PriceBook) -> "PriceBookView":
        """Return the view of a price book."""
        prices = {p.meter: PriceView(micros=p.micros, per=p.per, category=p.category) for p in book.prices}
        valid_from = format_timestamp(datetime.fromisoformat(f"{book.valid_from}:00:00+00:00"))
        return cls(version=book.version, valid_from=valid_from, prices=prices)


class PriceBookList(BaseModel):
    """Every price book, past ones included."""

    items: list[PriceBookView]
