"""What costs need from outside: the use of each hour, the price books, what is stated of months, and who watches."""

from collections.abc import Sequence
from typing import Protocol

from vigil.money.costs.model import Adjustment, Line, PriceBook, Statement
from vigil.money.usage.model import Hour


class Use(Protocol):
    """What tenants have used."""

    def hours(self, tenant_id: str, month: str) -> Sequence[Hour]:
        """Return the hours of a month in which anything was used, in order, read consistently."""
        ...


class Prices(Protocol):
    """The price books of the deployment: they are added, never changed."""

    def books(self) -> Sequence[PriceBook]:
        """Return every book by its version; at least one, and one for every hour."""
        ...

    def add(self, book: PriceBook) -> None:
        """Keep a book; raise Conflict if there is one of this version."""
        ...


class Statements(Protocol):
    """What is stated of closed months, and what was adjusted in open ones."""

    def statement(self, tenant_id: str, month: str) -> Statement | None:
        """Return the statement of a month, None while it is open."""
        ...

    def close(self, tenant_id: str, statement: Statement) -> bool:
        """Keep a statement unless its month has one, and say whether it was kept."""
        ...

    def booked(self, tenant_id: str, month: str) -> tuple[Line, ...]:
        """Return the adjustments that were booked in a month, in the order of what they adjust."""
        ...

    def adjusted(self, tenant_id: str, month: str) -> Adjustment | None:
        """Return all adjustments of a closed month as one sum, with the number of the last."""
        ...

    def adjust(self, tenant_id: str, adjustment: Adjustment, booked_in: str) -> bool:
        """Book an adjustment in an open month, and say whether that was done.

        Not if there is one of this number, and not in a month that is closed.
        """
        ...


class Look(Protocol):
    """Somebody who looks after what a tenant spends."""

    def look(self, tenant_id: str) -> int:
        """Look, and return how much was told of it; raises Unavailable."""
        ...
