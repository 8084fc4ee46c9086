"""Budgets as their tenants see them: set, seen with what is spent of them, and given up."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from vigil.errors import NotFound
from vigil.money.budgets.hard_limits_service import HardStops
from vigil.money.budgets.model import Alert, Budget, Period, Plan, Scope, span_of, spent
from vigil.money.budgets.ports import BudgetStore, Ends, Spending
from vigil.money.forecasting.model import Projection


@dataclass(frozen=True, slots=True)
class Status:
    """How a budget stands in its present span.

    `left_micros` is what its hard stop leaves, None where it has none; `projection` is of a month, never of a day.
    """

    budget: Budget
    span: str
    spent_micros: int
    alerts: tuple[Alert, ...]
    left_micros: int | None
    projection: Projection | None

    @property
    def share(self) -> float:
        """How many percent are spent."""
        return self.budget.share(self.spent_micros)


class Budgets:
    """The budgets of tenants."""

    def __init__(
        self,
        store: BudgetStore,
        spending: Spending,
        ends: Ends,
        hard_stops: HardStops,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._spending = spending
        self._ends = ends
        self._hard_stops = hard_stops
        self._clock = clock

    def put(self, tenant_id: str, budget: Budget, by: str) -> tuple[Status, bool]:
        """Set a budget in place of the one of its category and period; return how it stands and whether it is new.

        A hard stop is carried on at once. Should that fail, the next look at the tenant's budgets makes it good.
        """
        at = self._clock().astimezone(UTC).isoformat(timespec="seconds")
        new = self._store.put(tenant_id, replace(budget, changed_at=at, changed_by=by))
        plan = self._store.plan(tenant_id)
        self._hard_stops.carry(tenant_id, plan)
        return self._status(tenant_id, plan, budget.category, budget.period), new

    def delete(self, tenant_id: str, category: Scope, period: Period) -> None:
        """Give a budget up, if there is one, its hard stop as well."""
        self._store.delete(tenant_id, category, period)
        self._hard_stops.carry(tenant_id, self._store.plan(tenant_id))

    def get(self, tenant_id: str, category: Scope, period: Period) -> Status:
        """Return how a budget stands; raise NotFound."""
        return self._status(tenant_id, self._store.plan(tenant_id), category, period)

    def all(self, tenant_id: str) -> tuple[Status, ...]:
        """Return how each budget stands, by category and period."""
        return self._statuses(tenant_id, self._store.plan(tenant_id))

    def _status(self, tenant_id: str, plan: Plan, category: Scope, period: Period) -> Status:
        one = tuple(budget for budget in plan.budgets if (budget.category, budget.period) == (category, period))
        if not one:
            raise NotFound("There is no such budget.")
        return self._statuses(tenant_id, replace(plan, budgets=one))[0]

    def _statuses(self, tenant_id: str, plan: Plan) -> tuple[Status, ...]:
        if not plan.budgets:
            return ()
        now = self._clock()
        lines = self._spending.lines(tenant_id, span_of("month", now))
        stopping = any(budget.hard_stop for budget in plan.budgets)
        used = self._hard_stops.used(tenant_id) if stopping else {}
        monthly = any(budget.period == "month" for budget in plan.budgets)
        ends = self._ends.month_end(tenant_id) if monthly else {}
        found = []
        for budget in plan.budgets:
            span = span_of(budget.period, now)
            alerts = (alert for alert in plan.alerts if (alert.category, alert.span) == (budget.category, span))
            counter = budget.counter if budget.hard_stop else None
            left = max(budget.limit_micros - used[counter], 0) if counter else None
            end = ends[budget.category] if budget.period == "month" else None
            found.append(Status(budget, span, spent(lines, budget.category, span), tuple(alerts), left, end))
        return tuple(found)
