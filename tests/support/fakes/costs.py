"""Fakes of what costs need: use by the hour, price books and statements, in memory."""

from collections import defaultdict
from collections.abc import Sequence

from vigil.errors import Conflict
from vigil.money.costs.model import Adjustment, Line, PriceBook, Statement, merged
from vigil.money.costs.prices.model import FIRST
from vigil.money.usage.model import Hour, Meter


class FakeUse:
    """What was used, by tenant and hour."""

    def __init__(self, **tenants: dict[str, dict[Meter, int]]) -> None:
        self.used = {tenant.replace("_", "-"): dict(hours) for tenant, hours in tenants.items()}

    def hours(self, tenant_id: str, month: str) -> Sequence[Hour]:
        found = self.used.get(tenant_id, {})
        return tuple(Hour(hour, found[hour]) for hour in sorted(found) if hour.startswith(month))


class FakePrices:
    """The price books."""

    def __init__(self, *books: PriceBook) -> None:
        self.kept = [FIRST, *books]

    def books(self) -> Sequence[PriceBook]:
        return tuple(self.kept)

    def add(self, book: PriceBook) -> None:
        if any(book.version == kept.version for kept in self.kept):
            raise Conflict("There is a price book of this version.")
        self.kept.append(book)


class FakeStatements:
    """Statements and adjustments."""

    def __init__(self) -> None:
        self.closed: dict[tuple[str, str], Statement] = {}
        self.adjustments: dict[tuple[str, str], list[Adjustment]] = defaultdict(list)
        self.books: dict[tuple[str, str], list[Line]] = defaultdict(list)

    def statement(self, tenant_id: str, month: str) -> Statement | None:
        return self.closed.get((tenant_id, month))

    def close(self, tenant_id: str, statement: Statement) -> bool:
        return self.closed.setdefault((tenant_id, statement.month), statement) is statement

    def booked(self, tenant_id: str, month: str) -> tuple[Line, ...]:
        return merged(self.books[tenant_id, month])

    def adjusted(self, tenant_id: str, month: str) -> Adjustment | None:
        if not (made := self.adjustments[tenant_id, month]):
            return None
        return Adjustment(month, len(made), merged(line for adjustment in made for line in adjustment.lines))

    def adjust(self, tenant_id: str, adjustment: Adjustment, booked_in: str) -> bool:
        made = self.adjustments[tenant_id, adjustment.month]
        if adjustment.number != len(made) + 1 or (tenant_id, booked_in) in self.closed:
            return False
        made.append(adjustment)
        self.books[tenant_id, booked_in].extend(adjustment.lines)
        return True
