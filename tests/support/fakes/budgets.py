"""Fakes of what budgets need: they hold state in memory, and each of their calls is as atomic as DynamoDB's."""

from collections import Counter as Sums
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from fractions import Fraction

from vigil.errors import Unavailable
from vigil.kernel.money import COUNTERS, Counter, HardStop
from vigil.money.budgets.model import Alert, Budget, Period, Plan, Scope, Tally
from vigil.money.costs.model import Line
from vigil.money.forecasting.model import SCOPES, Projection
from vigil.money.usage.model import Hour


class FakeBudgets:
    """The store."""

    def __init__(self) -> None:
        self.budgets: dict[tuple[str, str, str], Budget] = {}
        self.alerts: dict[tuple[str, tuple[str, str, int]], Alert] = {}

    def plan(self, tenant_id: str) -> Plan:
        budgets = (budget for (tenant, *_), budget in sorted(self.budgets.items()) if tenant == tenant_id)
        alerts = (alert for (tenant, _), alert in sorted(self.alerts.items()) if tenant == tenant_id)
        return Plan(tuple(budgets), tuple(alerts))

    def put(self, tenant_id: str, budget: Budget) -> bool:
        key = (tenant_id, budget.category, budget.period)
        new = key not in self.budgets
        self.budgets[key] = budget
        return new

    def delete(self, tenant_id: str, category: Scope, period: Period) -> None:
        self.budgets.pop((tenant_id, category, period), None)

    def open(self, tenant_id: str, alert: Alert) -> bool:
        return self.alerts.setdefault((tenant_id, alert.name), alert) is alert

    def take_over(self, tenant_id: str, alert: Alert, until: str) -> bool:
        kept = self.alerts[tenant_id, alert.name]
        if kept != alert:
            return False
        self.alerts[tenant_id, alert.name] = replace(kept, leased_until=until)
        return True

    def sent(self, tenant_id: str, alert: Alert) -> None:
        if (tenant_id, alert.name) in self.alerts:
            self.alerts[tenant_id, alert.name] = replace(self.alerts[tenant_id, alert.name], state="sent")


class FakeBatchStore:
    """What is spent: `lines` and `reserved` micros, by tenant."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, Line]] = []
        self.reserved: list[tuple[str, str, int]] = []

    def spend(self, micros: int, day: str, category: str = "inference", tenant_id: str = "acme") -> None:
        self.kept.append((tenant_id, Line(day, category, "predictions", 1, 1, micros)))  # type: ignore[arg-type]

    def reserve(self, micros: int, hour: str, tenant_id: str = "acme") -> None:
        self.reserved.append((tenant_id, hour, micros))

    def lines(self, tenant_id: str, month: str) -> Sequence[Line]:
        return [line for tenant, line in self.kept if tenant == tenant_id and line.day.startswith(month)]

    def hours(self, tenant_id: str, month: str) -> Sequence[Hour]:
        sums: Sums[str] = Sums()
        for tenant, hour, micros in self.reserved:
            if tenant == tenant_id and hour.startswith(month):
                sums[hour] += micros
        return [Hour(hour, {"reserved_micros": micros}) for hour, micros in sorted(sums.items())]

    def month_end(self, tenant_id: str) -> Mapping[Scope, Projection]:
        """Return twice what is spent by now."""
        lines = [line for tenant, line in self.kept if tenant == tenant_id]
        sums = {scope: sum(line.micros for line in lines if scope in {line.category, "total"}) for scope in SCOPES}
        return {scope: Projection(scope, spent, spent, 2 * spent, 3 * spent) for scope, spent in sums.items()}

    def price(self, _: datetime) -> Fraction:
        return Fraction(1_000)


class FakeStops:
    """Counters of hard stops by tenant and span: what predictions set aside, and what was spent beside it."""

    def __init__(self) -> None:
        self.taken: Sums[tuple[str, str]] = Sums()
        self.beside: Sums[tuple[str, Counter, str]] = Sums()

    def take(self, tenant_id: str, day: str, micros: int) -> None:
        for span in (day[:7], day):
            self.taken[tenant_id, span] += micros

    def tally(self, tenant_id: str, day: str) -> Tally:
        spans = {counter: day if counter.endswith("day") else day[:7] for counter in COUNTERS}
        beside = {counter: self.beside[tenant_id, counter, span] for counter, span in spans.items()}
        used = {counter: self.taken[tenant_id, span] + beside[counter] for counter, span in spans.items()}
        return Tally(day, used, beside)

    def settle(self, tenant_id: str, seen: Tally, beside: Mapping[Counter, int]) -> bool:
        if seen.beside != self.tally(tenant_id, seen.day).beside:
            return False
        for counter, micros in beside.items():
            span = seen.day if counter.endswith("day") else seen.day[:7]
            self.beside[tenant_id, counter, span] = micros
        return True


class FakeHolders:
    """The records by which requests are let in."""

    def __init__(self) -> None:
        self.stops: dict[str, HardStop | None] = {}
        self.away = False

    def stop(self, tenant_id: str, hard_stop: HardStop | None) -> None:
        if self.away:
            raise Unavailable("The access table did not answer.")
        self.stops[tenant_id] = hard_stop
