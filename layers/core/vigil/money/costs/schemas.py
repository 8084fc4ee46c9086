"""JSON of costs, as shown in OpenAPI."""

from typing import Literal

from pydantic import BaseModel, Field

from vigil.money.costs.model import Category, CostLine, CostStatement, sum_micros
from vigil.money.usage.model import Meter
from vigil.web.schemas import Quantity

State = Literal["open", "closed"]


class CostView(BaseModel):
    """A cost line, or the sum of all lines of one day, category or meter; fields that differ among them are null."""

    day: str | None = Field(default=None, description="Day, in UTC; for an adjustment, the day on which it was booked.")
    category: Category | None = None
    meter: Meter | None = None
    quantity: Quantity | None = None
    price_version: int | None = None
    micros: int = Field(description="Millionths of a dollar; an adjustment may be negative.")
    adjusts: str | None = Field(default=None, description="Closed month that this line adjusts.")

    @classmethod
    def from_line(cls, line: CostLine) -> "CostView":
        """Return the view of a cost line."""
        return cls(**{name: getattr(line, name) for name in cls.model_fields})


class CostList(BaseModel):
    """Costs of a month or a day; `next_cursor` is null on the last page."""

    period: str
    state: State = Field(
        description="State of the month. A closed month never changes; later usage is booked as an adjustment."
    )
    currency: str = "USD"
    total_micros: int = Field(description="Sum over all pages, in millionths of a dollar.")
    items: list[CostView]
    next_cursor: str | None = None


class StatementView(BaseModel):
    """Statement of a closed month; it never changes."""

    period: str
    closed_at: str | None = Field(json_schema_extra={"format": "date-time"})
    currency: str = "USD"
    total_micros: int
    lines: list[CostView]

    @classmethod
    def from_statement(cls, stated: CostStatement) -> "StatementView":
        """Return the view of a statement."""
        lines = [CostView.from_line(line) for line in stated.lines]
        return cls(period=stated.month, closed_at=stated.closed_at, total_micros=sum_micros(stated.lines), lines=lines)
