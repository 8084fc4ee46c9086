"""Fakes of the ports of costs: hourly usage, price books and statements, in memory."""

from collections import defaultdict
from collections.abc import Sequence

from vigil.errors import Conflict
from vigil.money.costs.model import Adjustment, CostLine, CostStatement, PriceBook, merge_lines
from vigil.money.costs.prices.model import FIRST_PRICE_BOOK
from vigil.money.usage.model import Meter, UsageHour


class FakeHourlyUsage:
    """Usage by tenant and hour."""

    def __init__(self, **tenants: dict[str, dict[Meter, int]]) -> None:
        self.used = {tenant.replace("_", "-"): dict(hours) for tenant, hours in tenants.items()}

    def hours(self, tenant_id: str, month: str) -> Sequence[UsageHour]:
        found = self.used.get(tenant_id, {})
        return tuple(UsageHour(hour, found[hour]) for hour in sorted(found) if hour.startswith(month))


class FakePriceBooks:
    """In-memory price books."""

    def __init__(self, *books: PriceBook) -> None:
        self.stored = [FIRST_PRICE_BOOK, *books]

    def books(self) -> Sequence[PriceBook]:
        return tuple(self.stored)

    def add(self, book: PriceBook) -> None:
        if any(book.version == stored.version for stored in self.stored):
            raise Conflict("A price book of this version exists.")
        self.stored.append(book)


class FakeStatements:
    """In-memory statements and adjustments."""

    def __init__(self) -> None:
        self.closed: dict[tuple[str, str], CostStatement] = {}
        self.adjustments: dict[tuple[str, str], list[Adjustment]] = defaultdict(list)
        self.books: dict[tuple[str, str], list[CostLine]] = defaultdict(list)

    def statement(self, tenant_id: str, month: str) -> CostStatement | None:
        return self.closed.get((tenant_id, month))

    def close(self, tenant_id: str, statement: CostStatement) -> bool:
        return self.closed.setdefault((tenant_id, statement.month), statement) is statement

    def adjustments_booked_in(self, tenant_id: str, month: str) -> tuple[CostLine, ...]:
        return merge_lines(self.books[tenant_id, month])

    def adjustment_total(self, tenant_id: str, month: str) -> Adjustment | None:
        if not (made := self.adjustments[tenant_id, month]):
            return None
        return Adjustment(month, len(made), merge_lines(line for adjustment in made for line in adjustment.lines))

    def book_adjustment(self, tenant_id: str, adjustment: Adjustment, booked_in: str) -> bool:
        made = self.adjustments[tenant_id, adjustment.month]
        if adjustment.number != len(made) + 1 or (tenant_id, booked_in) in self.closed:
            return False
        made.append(adjustment)
        self.books[tenant_id, booked_in].extend(adjustment.lines)
        return True
