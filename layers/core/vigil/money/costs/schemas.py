"""The JSON of costs, as OpenAPI shows it."""

from typing import Literal

from pydantic import BaseModel, Field

from vigil.money.costs.model import Category, Line, Statement, total
from vigil.money.usage.model import Meter

State = Literal["open", "closed"]


class CostView(BaseModel):
    """A line, or the sum of all lines of one day, category or meter: what they do not share is null."""

    day: str | None = Field(default=None, description="UTC; of an adjustment, the day on which it was found.")
    category: Category | None = None
    meter: Meter | None = None
    quantity: int | None = None
    price_version: int | None = None
    micros: int = Field(description="Millionths of a dollar; an adjustment may be negative.")
    adjusts: str | None = Field(default=None, description="The closed month that this adjusts.")

    @classmethod
    def of(cls, line: Line) -> "CostView":
        """Return how a line is shown."""
        return cls(**{name: getattr(line, name) for name in cls.model_fields})


class CostList(BaseModel):
    """What a month or a day costs; `next_cursor` is null on the last page."""

    period: str
    state: State = Field(description="Of the month: what is closed never changes, what comes late is adjusted later.")
    currency: str = "USD"
    total_micros: int = Field(description="Of all pages.")
    items: list[CostView]
    next_cursor: str | None = None


class StatementView(BaseModel):
    """A closed month: it never changes."""

    period: str
    closed_at: str | None = Field(json_schema_extra={"format": "date-time"})
    currency: str = "USD"
    total_micros: int
    lines: list[CostView]

    @classmethod
    def of(cls, stated: Statement) -> "StatementView":
        """Return how a statement is shown."""
        lines = [CostView.of(line) for line in stated.lines]
        return cls(period=stated.month, closed_at=stated.closed_at, total_micros=total(stated.lines), lines=lines)
