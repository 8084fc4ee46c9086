"""Fakes of what forecasting needs: spend by the hour, and anomalies, in memory."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction

from vigil.money.costs.model import Category, Line
from vigil.money.forecasting.model import Anomaly, hour_of


class FakeSpending:
    """What was spent, in micros by tenant, hour and category; a line has the sum of a day."""

    def __init__(self) -> None:
        self.spent: dict[tuple[str, str, Category], int] = {}

    def spend(self, tenant_id: str, begin: datetime, micros: Sequence[float], category: Category = "inference") -> None:
        """Spend in each hour from `begin` on, in addition to what was spent."""
        for number, amount in enumerate(micros):
            place = (tenant_id, hour_of(begin + timedelta(hours=number)), category)
            self.spent[place] = self.spent.get(place, 0) + round(amount)

    def hourly(self, tenant_id: str, month: str) -> Sequence[tuple[str, Category, Fraction]]:
        return tuple((hour, category, Fraction(micros)) for hour, category, micros in self._of(tenant_id, month))

    def lines(self, tenant_id: str, month: str) -> Sequence[Line]:
        sums: dict[tuple[str, Category], int] = {}
        for hour, category, micros in self._of(tenant_id, month):
            sums[hour[:10], category] = sums.get((hour[:10], category), 0) + micros
        return tuple(Line(day, category, "predictions", 1, 1, micros) for (day, category), micros in sums.items())

    def _of(self, tenant_id: str, month: str) -> list[tuple[str, Category, int]]:
        mine = ((hour, category, n) for (tenant, hour, category), n in self.spent.items() if tenant == tenant_id)
        return sorted(found for found in mine if found[0].startswith(month))


class FakeAnomalies:
    """The store."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str, int], Anomaly] = {}

    def all(self, tenant_id: str) -> Sequence[Anomaly]:
        return tuple(anomaly for (tenant, *_), anomaly in sorted(self.kept.items()) if tenant == tenant_id)

    def open(self, tenant_id: str, anomaly: Anomaly) -> bool:
        return self.kept.setdefault((tenant_id, anomaly.category, anomaly.number), anomaly) is anomaly

    def change(self, tenant_id: str, anomaly: Anomaly) -> None:
        place = (tenant_id, anomaly.category, anomaly.number)
        if place in self.kept:
            self.kept[place] = replace(self.kept[place], seen=anomaly.seen, state=anomaly.state)
