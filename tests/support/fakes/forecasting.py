"""Fakes of the ports of forecasting: hourly costs and anomalies, in memory."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction

from vigil.money.costs.model import Category, CostLine
from vigil.money.forecasting.model import Anomaly, hour_of


class FakeSpendSource:
    """Costs in micros by tenant, hour and category; a cost line is the sum of a day."""

    def __init__(self) -> None:
        self.spent: dict[tuple[str, str, Category], int] = {}

    def spend(self, tenant_id: str, begin: datetime, micros: Sequence[float], category: Category = "inference") -> None:
        """Add spend to each hour from `begin` on."""
        for number, amount in enumerate(micros):
            key = (tenant_id, hour_of(begin + timedelta(hours=number)), category)
            self.spent[key] = self.spent.get(key, 0) + round(amount)

    def hourly_costs(self, tenant_id: str, month: str) -> Sequence[tuple[str, Category, Fraction]]:
        return tuple((hour, category, Fraction(micros)) for hour, category, micros in self._of(tenant_id, month))

    def lines(self, tenant_id: str, month: str) -> Sequence[CostLine]:
        sums: dict[tuple[str, Category], int] = {}
        for hour, category, micros in self._of(tenant_id, month):
            sums[hour[:10], category] = sums.get((hour[:10], category), 0) + micros
        return tuple(CostLine(day, category, "predictions", 1, 1, micros) for (day, category), micros in sums.items())

    def _of(self, tenant_id: str, month: str) -> list[tuple[str, Category, int]]:
        mine = ((hour, category, n) for (tenant, hour, category), n in self.spent.items() if tenant == tenant_id)
        return sorted(found for found in mine if found[0].startswith(month))


class FakeAnomalies:
    """In-memory store of anomalies."""

    def __init__(self) -> None:
        self.stored: dict[tuple[str, str, int], Anomaly] = {}

    def list_all(self, tenant_id: str) -> Sequence[Anomaly]:
        return tuple(anomaly for (tenant, *_), anomaly in sorted(self.stored.items()) if tenant == tenant_id)

    def add(self, tenant_id: str, anomaly: Anomaly) -> bool:
        return self.stored.setdefault((tenant_id, anomaly.category, anomaly.number), anomaly) is anomaly

    def update(self, tenant_id: str, anomaly: Anomaly) -> None:
        key = (tenant_id, anomaly.category, anomaly.number)
        if key in self.stored:
            self.stored[key] = replace(self.stored[key], seen=anomaly.seen, state=anomaly.state)
