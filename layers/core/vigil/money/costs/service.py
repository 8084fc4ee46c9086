"""Costs of tenants: an open month is priced on every read, a closed month is read from its statement."""

from fractions import Fraction

from vigil.money.costs.model import Category, CostLine, CostStatement, cost_by_hour, price_hours
from vigil.money.costs.ports import HourlyUsage, PriceBookReader, StatementStore


class Costs:
    """Computes the costs of tenants."""

    def __init__(self, usage: HourlyUsage, prices: PriceBookReader, statements: StatementStore) -> None:
        self._usage = usage
        self._prices = prices
        self._statements = statements

    def lines(self, tenant_id: str, month: str) -> tuple[CostLine, ...]:
        """Return the cost lines of a month (`2026-11`), then the corrections of earlier months that it bills."""
        return self.statement(tenant_id, month).lines

    def statement(self, tenant_id: str, month: str) -> CostStatement:
        """Return the statement of a closed month; for an open month, its preliminary statement."""
        if stated := self._statements.statement(tenant_id, month):
            return stated
        booked = self._statements.adjustments_booked_in(tenant_id, month)
        return CostStatement(month, self.current_lines(tenant_id, month) + booked)

    def current_lines(self, tenant_id: str, month: str) -> tuple[CostLine, ...]:
        """Return the cost lines of a month's usage as it is counted now, closed or not."""
        return price_hours(self._usage.hours(tenant_id, month), self._prices.books())

    def hourly_costs(self, tenant_id: str, month: str) -> tuple[tuple[str, Category, Fraction], ...]:
        """Return the unrounded cost of each hour of a month by category, in micro-dollars."""
        return cost_by_hour(self._usage.hours(tenant_id, month), self._prices.books())
