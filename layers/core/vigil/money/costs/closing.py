"""Closing of months: a month is stated once, and later changes are booked as adjustments in an open month."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from vigil.kernel.time import format_timestamp, month_of, previous_month
from vigil.money.costs.model import Adjustment, adjustment_lines, closes_at
from vigil.money.costs.ports import StatementStore
from vigil.money.costs.service import Costs

_MONTHS = 4
"""Number of past months that each sweep checks: usage may be reported up to 90 days late."""
_STARTS_AFTER = timedelta(hours=2, minutes=30)
"""Start of the sweep, from midnight UTC: by then the day before has been recounted."""


class MonthClosing:
    """Daily sweep that closes months and books adjustments. Safe to repeat."""

    max_duration = timedelta(hours=12)

    def __init__(self, costs: Costs, statements: StatementStore, clock: Callable[[], datetime]) -> None:
        self._costs = costs
        self._statements = statements
        self._clock = clock

    def next_sweep(self, last: str) -> str | None:
        """Return the current day if its sweep has not run yet."""
        day = f"{self._clock().astimezone(UTC) - _STARTS_AFTER:%Y-%m-%d}"
        return day if day > last else None

    def process_tenant(self, tenant_id: str, _name: str) -> Mapping[str, int]:
        """Close a tenant's due months and adjust its closed ones; return the numbers of statements and adjustments."""
        done = Counter(statements=0, adjustments=0)
        for month in self._due_months():
            done.update(self._settle(tenant_id, month))
        return done

    def _due_months(self) -> list[str]:
        """Return the last months that are due to be closed, latest first."""
        now = self._clock()
        month, due = month_of(now), list[str]()
        while len(due) < _MONTHS:
            month = previous_month(month)
            if closes_at(month) <= now:
                due.append(month)
        return due

    def _settle(self, tenant_id: str, month: str) -> Mapping[str, int]:
        """Close a month, or adjust it if it is closed; return the number of statements or adjustments written."""
        stated = self._costs.statement(tenant_id, month)
        now = self._clock().astimezone(UTC)
        if stated.closed_at is None:
            closed = self._statements.close(tenant_id, replace(stated, closed_at=format_timestamp(now)))
            return {"statements": closed}
        before = self._statements.adjustment_total(tenant_id, month)
        known = [line for line in stated.lines if line.adjusts is None] + list(before.lines if before else ())
        current = self._costs.current_lines(tenant_id, month)
        if not (found := adjustment_lines(current, known, f"{now:%Y-%m-%d}", month)):
            return {}
        adjustment = Adjustment(month, (before.number if before else 0) + 1, found)
        return {"adjustments": self._statements.book_adjustment(tenant_id, adjustment, month_of(now))}
