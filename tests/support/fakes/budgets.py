"""Fakes of the ports of budgets, in memory; each call is as atomic as in DynamoDB."""

from collections import Counter as Sums
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from fractions import Fraction

from vigil.errors import Unavailable
from vigil.kernel.money import SPEND_COUNTERS, SpendCounter, SpendLimit
from vigil.money.budgets.model import Budget, BudgetAlert, BudgetPeriod, BudgetPlan, SpendTally
from vigil.money.costs.model import SPEND_SCOPES, CostLine, SpendScope
from vigil.money.forecasting.model import Projection
from vigil.money.usage.model import UsageHour


class FakeBudgets:
    """In-memory store of budgets and alerts."""

    def __init__(self) -> None:
        self.budgets: dict[tuple[str, str, str], Budget] = {}
        self.alerts: dict[tuple[str, tuple[str, str, int]], BudgetAlert] = {}

    def plan(self, tenant_id: str) -> BudgetPlan:
        budgets = (budget for (tenant, *_), budget in sorted(self.budgets.items()) if tenant == tenant_id)
        alerts = (alert for (tenant, _), alert in sorted(self.alerts.items()) if tenant == tenant_id)
        return BudgetPlan(tuple(budgets), tuple(alerts))

    def put(self, tenant_id: str, budget: Budget) -> bool:
        key = (tenant_id, budget.category, budget.period)
        new = key not in self.budgets
        self.budgets[key] = budget
        return new

    def delete(self, tenant_id: str, category: SpendScope, period: BudgetPeriod) -> None:
        self.budgets.pop((tenant_id, category, period), None)

    def add_alert(self, tenant_id: str, alert: BudgetAlert) -> bool:
        return self.alerts.setdefault((tenant_id, alert.key), alert) is alert

    def claim_alert(self, tenant_id: str, alert: BudgetAlert, until: str) -> bool:
        stored = self.alerts[tenant_id, alert.key]
        if stored != alert:
            return False
        self.alerts[tenant_id, alert.key] = replace(stored, leased_until=until)
        return True

    def mark_sent(self, tenant_id: str, alert: BudgetAlert) -> None:
        if (tenant_id, alert.key) in self.alerts:
            self.alerts[tenant_id, alert.key] = replace(self.alerts[tenant_id, alert.key], state="sent")


class FakeSpend:
    """Cost lines and reserved micros of tenants; also the projections and the price of budgets."""

    def __init__(self) -> None:
        self.cost_lines: list[tuple[str, CostLine]] = []
        self.reserved: list[tuple[str, str, int]] = []

    def spend(self, micros: int, day: str, category: str = "inference", tenant_id: str = "acme") -> None:
        self.cost_lines.append((tenant_id, CostLine(day, category, "predictions", 1, 1, micros)))  # type: ignore[arg-type]

    def reserve(self, micros: int, hour: str, tenant_id: str = "acme") -> None:
        self.reserved.append((tenant_id, hour, micros))

    def lines(self, tenant_id: str, month: str) -> Sequence[CostLine]:
        return [line for tenant, line in self.cost_lines if tenant == tenant_id and line.day.startswith(month)]

    def hours(self, tenant_id: str, month: str) -> Sequence[UsageHour]:
        sums: Sums[str] = Sums()
        for tenant, hour, micros in self.reserved:
            if tenant == tenant_id and hour.startswith(month):
                sums[hour] += micros
        return [UsageHour(hour, {"reserved_micros": micros}) for hour, micros in sorted(sums.items())]

    def month_end(self, tenant_id: str) -> Mapping[SpendScope, Projection]:
        """Return projections whose middle is twice the spend so far."""
        lines = [line for tenant, line in self.cost_lines if tenant == tenant_id]
        sums = {
            scope: sum(line.micros for line in lines if scope in {line.category, "total"}) for scope in SPEND_SCOPES
        }
        return {scope: Projection(scope, spent, spent, 2 * spent, 3 * spent) for scope, spent in sums.items()}

    def price(self, _: datetime) -> Fraction:
        return Fraction(1_000)


class FakeSpendTallies:
    """Spend by tenant and span: reservations of predictions, and unreserved spend."""

    def __init__(self) -> None:
        self.reserved: Sums[tuple[str, str]] = Sums()
        self.unreserved: Sums[tuple[str, SpendCounter, str]] = Sums()

    def reserve(self, tenant_id: str, day: str, micros: int) -> None:
        for span in (day[:7], day):
            self.reserved[tenant_id, span] += micros

    def read_tally(self, tenant_id: str, day: str) -> SpendTally:
        spans = {counter: day if counter.endswith("day") else day[:7] for counter in SPEND_COUNTERS}
        unreserved = {counter: self.unreserved[tenant_id, counter, span] for counter, span in spans.items()}
        used = {counter: self.reserved[tenant_id, span] + unreserved[counter] for counter, span in spans.items()}
        return SpendTally(day, used, unreserved)

    def set_unreserved(self, tenant_id: str, seen: SpendTally, unreserved: Mapping[SpendCounter, int]) -> bool:
        if seen.unreserved != self.read_tally(tenant_id, seen.day).unreserved:
            return False
        for counter, micros in unreserved.items():
            span = seen.day if counter.endswith("day") else seen.day[:7]
            self.unreserved[tenant_id, counter, span] = micros
        return True


class FakeSpendLimits:
    """Hard limits in tenant records, by tenant."""

    def __init__(self) -> None:
        self.published: dict[str, SpendLimit | None] = {}
        self.away = False

    def set_spend_limit(self, tenant_id: str, limit: SpendLimit | None) -> None:
        if self.away:
            raise Unavailable("The access table did not answer.")
        self.published[tenant_id] = limit
