"""The JSON of budgets, as OpenAPI shows it."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt

from vigil.money.budgets.model import MOST_MICROS, MOST_PERCENT, MOST_THRESHOLDS, Alert, Budget, Period, Scope
from vigil.money.budgets.service import Status


class BudgetBody(BaseModel):
    """What may be spent in each month, or on each day."""

    model_config = ConfigDict(extra="forbid")

    limit_micros: int = Field(ge=1, le=MOST_MICROS, strict=True, description="Millionths of a dollar.")
    thresholds: list[StrictInt] = Field(
        default=[80, 100],
        min_length=1,
        max_length=MOST_THRESHOLDS,
        description=f"Percent of the limit, 1 to {MOST_PERCENT}, ascending: each alerts once in a month or on a day.",
    )
    hard_stop: StrictBool = Field(
        default=False, description="Refuse predictions beyond the limit, with 402; for `inference` and `total` alone."
    )

    def budget(self, category: Scope, period: Period) -> Budget:
        """Return the budget; raise InvalidInput for what breaks its rules."""
        return Budget(category, period, self.limit_micros, tuple(self.thresholds), self.hard_stop)


class AlertView(BaseModel):
    """A threshold that was reached."""

    threshold: int
    reached_at: str = Field(json_schema_extra={"format": "date-time"})
    spent_micros: int = Field(description="By then.")
    limit_micros: int = Field(description="Which held then.")
    state: Literal["pending", "sent"] = Field(description="Whether the event has been published.")

    @classmethod
    def of(cls, alert: Alert) -> "AlertView":
        """Return how an alert is shown."""
        return cls(**{name: getattr(alert, name) for name in cls.model_fields})


class EndView(BaseModel):
    """What will have been spent at the end of the month; with 90 % probability, from low to high."""

    low_micros: int | None
    middle_micros: int | None
    high_micros: int | None


class BudgetView(BaseModel):
    """A budget and how it stands."""

    category: Scope
    period: Period
    limit_micros: int
    thresholds: list[int]
    hard_stop: bool
    changed_at: str = Field(json_schema_extra={"format": "date-time"})
    changed_by: str = Field(description="The key that set it so.")
    span: str = Field(description="The month or day (UTC) that the rest is about.")
    spent_micros: int = Field(description="As `GET /v1/costs` tells it: of predictions seconds behind.")
    share: float = Field(description="Percent of the limit.")
    alerts: list[AlertView] = Field(description="The thresholds that were reached.")
    left_micros: int | None = Field(
        description="What the hard stop leaves to predictions, exactly, with what batches have set aside; null without."
    )

    projected: EndView | None = Field(description="Null for a day, and where there are too few days to tell.")

    @classmethod
    def of(cls, status: Status) -> "BudgetView":
        """Return how a budget is shown."""
        budget, end = status.budget, status.projection
        known = end is not None and end.middle_micros is not None
        facts = {name: getattr(budget, name) for name in cls.model_fields if hasattr(budget, name) and name != "share"}
        return cls(
            **facts | {"thresholds": list(budget.thresholds)},
            span=status.span,
            spent_micros=status.spent_micros,
            share=status.share,
            alerts=[AlertView.of(alert) for alert in status.alerts],
            left_micros=status.left_micros,
            projected=EndView(**{name: getattr(end, name) for name in EndView.model_fields}) if known else None,
        )


class BudgetList(BaseModel):
    """Every budget by category and period."""

    currency: str = "USD"
    items: list[BudgetView]
