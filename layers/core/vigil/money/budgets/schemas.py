"""JSON of budgets, as shown in OpenAPI."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from vigil.money.budgets.model import (
    MAX_LIMIT_MICROS,
    MAX_THRESHOLD_PERCENT,
    MAX_THRESHOLDS,
    Budget,
    BudgetAlert,
    BudgetPeriod,
)
from vigil.money.budgets.service import BudgetStatus
from vigil.money.costs.model import SpendScope
from vigil.web.field_types import Boolean, WholeNumber


class BudgetBody(BaseModel):
    """Limit of the spend per month or per day."""

    model_config = ConfigDict(extra="forbid")

    limit_micros: WholeNumber = Field(ge=1, le=MAX_LIMIT_MICROS, description="Millionths of a dollar.")
    thresholds: list[WholeNumber] = Field(
        default=[80, 100],
        min_length=1,
        max_length=MAX_THRESHOLDS,
        description=f"Percent of the limit, 1 to {MAX_THRESHOLD_PERCENT}, ascending. "
        "Each publishes one alert per month or day.",
    )
    hard_stop: Boolean = Field(
        default=False, description="Refuse predictions above the limit with 402; only for `inference` and `total`."
    )

    def to_budget(self, category: SpendScope, period: BudgetPeriod) -> Budget:
        """Return the budget. Raises InvalidInput for a value that breaks its rules."""
        return Budget(category, period, self.limit_micros, tuple(self.thresholds), self.hard_stop)


class AlertView(BaseModel):
    """A threshold that was reached."""

    threshold: int
    reached_at: str = Field(json_schema_extra={"format": "date-time"})
    spent_micros: int = Field(description="Spend at that time, in millionths of a dollar.")
    limit_micros: int = Field(description="Limit at that time, in millionths of a dollar.")
    state: Literal["pending", "sent"] = Field(description="`sent` once the event is published.")

    @classmethod
    def from_alert(cls, alert: BudgetAlert) -> "AlertView":
        """Return the view of an alert."""
        return cls(**{name: getattr(alert, name) for name in cls.model_fields})


class EndView(BaseModel):
    """Projected spend at the end of the month: from low to high with a probability of 90 %."""

    low_micros: int | None
    middle_micros: int | None
    high_micros: int | None


class BudgetView(BaseModel):
    """A budget with its current spend and alerts."""

    category: SpendScope
    period: BudgetPeriod
    limit_micros: int
    thresholds: list[int]
    hard_stop: bool
    changed_at: str = Field(json_schema_extra={"format": "date-time"})
    changed_by: str = Field(description="API key of the last change.")
    span: str = Field(description="Current month or day, in UTC; the following fields are about it.")
    spent_micros: int = Field(description="Spend as in `GET /v1/costs`; predictions are seconds behind.")
    share: float = Field(description="Spend in percent of the limit.")
    alerts: list[AlertView] = Field(description="Reached thresholds.")
    left_micros: int | None = Field(
        description="Exact rest for predictions under the hard stop, after reservations of batches; null without one."
    )

    projected: EndView | None = Field(description="Null for a budget per day, and with too few days of history.")

    @classmethod
    def from_status(cls, status: BudgetStatus) -> "BudgetView":
        """Return the view of a budget."""
        budget, end = status.budget, status.projection
        known = end is not None and end.middle_micros is not None
        facts = {name: getattr(budget, name) for name in cls.model_fields if hasattr(budget, name)}
        return cls(
            **facts | {"thresholds": list(budget.thresholds)},
            span=status.span,
            spent_micros=status.spent_micros,
            share=status.percent_spent,
            alerts=[AlertView.from_alert(alert) for alert in status.alerts],
            left_micros=status.left_micros,
            projected=EndView(**{name: getattr(end, name) for name in EndView.model_fields}) if known else None,
        )


class BudgetList(BaseModel):
    """Every budget, in order of category and period."""

    currency: str = "USD"
    items: list[BudgetView]
