"""Ports of costs: hourly usage, price books, statements of months, and spend checks."""

from collections.abc import Sequence
from typing import Protocol

from vigil.money.costs.model import Adjustment, CostLine, CostStatement, PriceBook
from vigil.money.usage.model import UsageHour


class HourlyUsage(Protocol):
    """Reads the hourly usage of tenants."""

    def hours(self, tenant_id: str, month: str) -> Sequence[UsageHour]:
        """Return the hours with usage of a month, in order, read consistently."""
        ...


class PriceBookReader(Protocol):
    """Price books of the deployment; books are added and never changed."""

    def books(self) -> Sequence[PriceBook]:
        """Return every book in order of versions; at least one, which is valid for every hour."""
        ...


class PriceBookStore(PriceBookReader, Protocol):
    """The stored price books."""

    def add(self, book: PriceBook) -> None:
        """Store a book. Raises Conflict if a book of its version exists."""
        ...


class StatementStore(Protocol):
    """Statements of closed months, and adjustments booked in open months."""

    def statement(self, tenant_id: str, month: str) -> CostStatement | None:
        """Return the statement of a month, or None while it is open."""
        ...

    def close(self, tenant_id: str, statement: CostStatement) -> bool:
        """Store the statement of a month; return False without a write if the month has one."""
        ...

    def adjustments_booked_in(self, tenant_id: str, month: str) -> tuple[CostLine, ...]:
        """Return the adjustments that were booked in a month, in order of the months they adjust."""
        ...

    def adjustment_total(self, tenant_id: str, month: str) -> Adjustment | None:
        """Return the sum of all adjustments of a closed month, with the number of the last one."""
        ...

    def book_adjustment(self, tenant_id: str, adjustment: Adjustment, booked_in: str) -> bool:
        """Book an adjustment in an open month.

        Returns False, without a write, if its number is taken or the month `booked_in` is closed.
        """
        ...


class SpendCheck(Protocol):
    """A check of one tenant's spend."""

    def run(self, tenant_id: str) -> int:
        """Run the check and return the number of published events. Raises Unavailable."""
        ...
