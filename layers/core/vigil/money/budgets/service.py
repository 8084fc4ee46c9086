"""Budgets as their tenants see them: set, read with their current spend, and deleted."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from vigil.errors import NotFound
from vigil.kernel.time import format_timestamp
from vigil.money.budgets.hard_limits_service import HardLimits
from vigil.money.budgets.model import Budget, BudgetAlert, BudgetPeriod, BudgetPlan, span_of, spend_in_span
from vigil.money.budgets.ports import BudgetStore, CostLines, MonthEndForecast
from vigil.money.costs.model import SpendScope
from vigil.money.forecasting.model import Projection


@dataclass(frozen=True, slots=True)
class BudgetStatus:
    """A budget with the spend and the alerts of its current span.

    `left_micros` is the amount left before the hard stop; None if the budget has no hard stop. `projection` is the
    expected spend at the end of the month; None for a budget per day.
    """

    budget: Budget
    span: str
    spent_micros: int
    alerts: tuple[BudgetAlert, ...]
    left_micros: int | None
    projection: Projection | None

    @property
    def percent_spent(self) -> float:
        """Spend in percent of the limit."""
        return self.budget.percent_spent(self.spent_micros)


class Budgets:
    """Budgets of tenants."""

    def __init__(
        self,
        store: BudgetStore,
        costs: CostLines,
        forecast: MonthEndForecast,
        hard_limits: HardLimits,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._costs = costs
        self._forecast = forecast
        self._hard_limits = hard_limits
        self._clock = clock

    def put(self, tenant_id: str, budget: Budget, by: str) -> tuple[BudgetStatus, bool]:
        """Set a budget, replacing the one of its category and period; return its status and True if it is new.

        The hard limit is published at once. If that fails, the next check of the tenant's budgets publishes it.
        """
        at = format_timestamp(self._clock())
        new = self._store.put(tenant_id, replace(budget, changed_at=at, changed_by=by))
        plan = self._store.plan(tenant_id)
        self._hard_limits.publish_limits(tenant_id, plan)
        return self._status(tenant_id, plan, budget.category, budget.period), new

    def delete(self, tenant_id: str, category: SpendScope, period: BudgetPeriod) -> None:
        """Delete a budget and its hard stop, if it exists."""
        self._store.delete(tenant_id, category, period)
        self._hard_limits.publish_limits(tenant_id, self._store.plan(tenant_id))

    def get(self, tenant_id: str, category: SpendScope, period: BudgetPeriod) -> BudgetStatus:
        """Return the status of a budget. Raises NotFound."""
        return self._status(tenant_id, self._store.plan(tenant_id), category, period)

    def list_all(self, tenant_id: str) -> tuple[BudgetStatus, ...]:
        """Return the status of each budget, in order of category and period."""
        return self._statuses(tenant_id, self._store.plan(tenant_id))

    def _status(self, tenant_id: str, plan: BudgetPlan, category: SpendScope, period: BudgetPeriod) -> BudgetStatus:
        one = tuple(budget for budget in plan.budgets if (budget.category, budget.period) == (category, period))
        if not one:
            raise NotFound("No budget exists for this category and period; set it with PUT.")
        return self._statuses(tenant_id, replace(plan, budgets=one))[0]

    def _statuses(self, tenant_id: str, plan: BudgetPlan) -> tuple[BudgetStatus, ...]:
        if not plan.budgets:
            return ()
        now = self._clock()
        lines = self._costs.lines(tenant_id, span_of("month", now))
        limited = any(budget.hard_stop for budget in plan.budgets)
        used = self._hard_limits.used(tenant_id) if limited else {}
        monthly = any(budget.period == "month" for budget in plan.budgets)
        ends = self._forecast.month_end(tenant_id) if monthly else {}
        statuses = []
        for budget in plan.budgets:
            span = span_of(budget.period, now)
            alerts = tuple(alert for alert in plan.alerts if (alert.category, alert.span) == (budget.category, span))
            counter = budget.counter if budget.hard_stop else None
            left = max(budget.limit_micros - used[counter], 0) if counter else None
            end = ends[budget.category] if budget.period == "month" else None
            spent = spend_in_span(lines, budget.category, span)
            statuses.append(BudgetStatus(budget, span, spent, alerts, left, end))
        return tuple(statuses)
