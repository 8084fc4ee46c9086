"""Ports of budgets: their store, costs, forecasts, spend tallies, hard limits and the event bus."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from typing import Protocol

from vigil.kernel.events import Event
from vigil.kernel.money import SpendCounter, SpendLimit
from vigil.money.budgets.model import Budget, BudgetAlert, BudgetPeriod, BudgetPlan, SpendTally
from vigil.money.costs.model import CostLine, SpendScope
from vigil.money.forecasting.model import Projection
from vigil.money.usage.model import UsageHour


class BudgetStore(Protocol):
    """Budgets and alerts of all tenants."""

    def plan(self, tenant_id: str) -> BudgetPlan:
        """Return a tenant's budgets in order of category and period, and its recent alerts; read consistently."""
        ...

    def put(self, tenant_id: str, budget: Budget) -> bool:
        """Store a budget, replacing the one of its category and period; return True if there was none."""
        ...

    def delete(self, tenant_id: str, category: SpendScope, period: BudgetPeriod) -> None:
        """Delete a budget, if it exists."""
        ...

    def add_alert(self, tenant_id: str, alert: BudgetAlert) -> bool:
        """Store an alert; return False without a write if an alert with its key exists."""
        ...

    def claim_alert(self, tenant_id: str, alert: BudgetAlert, until: str) -> bool:
        """Lease a pending alert until a time; return False if its lease has changed since it was read."""
        ...

    def mark_sent(self, tenant_id: str, alert: BudgetAlert) -> None:
        """Mark an alert as published, if it exists."""
        ...


class CostLines(Protocol):
    """Cost lines of tenants."""

    def lines(self, tenant_id: str, month: str) -> Sequence[CostLine]:
        """Return the cost lines of a month."""
        ...


class MonthEndForecast(Protocol):
    """Projections of spend to the end of the month."""

    def month_end(self, tenant_id: str) -> Mapping[SpendScope, Projection]:
        """Return the projection of each category, and of the total, to the end of this month."""
        ...


class HourlyUsage(Protocol):
    """Reads the hourly usage of tenants."""

    def hours(self, tenant_id: str, month: str) -> Sequence[UsageHour]:
        """Return the hours with usage of a month, in order, read consistently."""
        ...


class PredictionPrice(Protocol):
    """Price of a prediction."""

    def __call__(self, moment: datetime) -> Fraction:
        """Return the price of one prediction at a moment, in micro-dollars."""
        ...


class SpendTallies(Protocol):
    """Counters of the spend that counts against hard limits."""

    def read_tally(self, tenant_id: str, day: str) -> SpendTally:
        """Return the spend of a day and its month, read consistently."""
        ...

    def set_unreserved(self, tenant_id: str, seen: SpendTally, unreserved: Mapping[SpendCounter, int]) -> bool:
        """Replace the spend that was not reserved; return False without a write if it has changed since `seen`."""
        ...


class SpendLimitPublisher(Protocol):
    """Tenant records, from which the authorizer reads hard limits."""

    def set_spend_limit(self, tenant_id: str, limit: SpendLimit | None, /) -> None:
        """Store the hard limit of a tenant, None for no limit; an unchanged limit is not written."""
        ...


class EventBus(Protocol):
    """Event bus."""

    def publish(self, events: Sequence[Event]) -> Collection[str]:
        """Publish the events; return the ids of those that the bus did not accept."""
        ...
