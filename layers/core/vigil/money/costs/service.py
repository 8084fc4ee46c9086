"""What tenants' use costs: priced when it is asked for, until the month is closed and stated."""

from fractions import Fraction

from vigil.money.costs.model import Category, Line, Statement, hourly, priced
from vigil.money.costs.ports import Prices, Statements, Use


class Costs:
    """Tells what use costs."""

    def __init__(self, use: Use, prices: Prices, statements: Statements) -> None:
        self._use = use
        self._prices = prices
        self._statements = statements

    def lines(self, tenant_id: str, month: str) -> tuple[Line, ...]:
        """Return the lines of a month (`2026-11`), adjustments of earlier months last: as stated once it is closed."""
        return self.statement(tenant_id, month).lines

    def statement(self, tenant_id: str, month: str) -> Statement:
        """Return what is stated of a month, or, while it is open, what would be stated now."""
        if stated := self._statements.statement(tenant_id, month):
            return stated
        return Statement(month, self.fresh(tenant_id, month) + self._statements.booked(tenant_id, month))

    def fresh(self, tenant_id: str, month: str) -> tuple[Line, ...]:
        """Return the lines of a month's use as it is counted now, whatever is stated."""
        return priced(self._use.hours(tenant_id, month), self._prices.books())

    def hourly(self, tenant_id: str, month: str) -> tuple[tuple[str, Category, Fraction], ...]:
        """Return what was used in each hour of a month, in micros by category, unrounded."""
        return hourly(self._use.hours(tenant_id, month), self._prices.books())
