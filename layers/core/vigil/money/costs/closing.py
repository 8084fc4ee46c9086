"""The end of a month: its lines are stated once, and whatever is counted later is adjusted in an open month."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from vigil.kernel.time import month_of, previous_month
from vigil.money.costs.model import Adjustment, closes_at, difference
from vigil.money.costs.ports import Statements
from vigil.money.costs.service import Costs

_MONTHS = 4
"""How many months that are past are looked at: use that is reported 90 days late is of one of them."""
_BEGINS = timedelta(hours=2, minutes=30)
"""Into the day: when the day before has been recounted."""


class Closing:
    """Closes months, a job of daily rounds. What is done is not done again."""

    max_duration = timedelta(hours=12)

    def __init__(self, costs: Costs, statements: Statements, clock: Callable[[], datetime]) -> None:
        self._costs = costs
        self._statements = statements
        self._clock = clock

    def next_sweep(self, last: str) -> str | None:
        """Return the day whose round is due, unless it was the last."""
        day = f"{self._clock().astimezone(UTC) - _BEGINS:%Y-%m-%d}"
        return day if day > last else None

    def process_tenant(self, tenant_id: str, _name: str) -> Mapping[str, int]:
        """State a tenant's past months that are due, adjust those that are stated, and return how many of each."""
        done = Counter(statements=0, adjustments=0)
        for month in self._past():
            done.update(self._settle(tenant_id, month))
        return done

    def _past(self) -> list[str]:
        """Return the last months that are due to be closed."""
        now = self._clock()
        month, due = month_of(now), list[str]()
        while len(due) < _MONTHS:
            month = previous_month(month)
            if closes_at(month) <= now:
                due.append(month)
        return due

    def _settle(self, tenant_id: str, month: str) -> Mapping[str, int]:
        stated = self._costs.statement(tenant_id, month)
        now = self._clock().astimezone(UTC)
        if stated.closed_at is None:
            kept = self._statements.close(tenant_id, replace(stated, closed_at=now.isoformat(timespec="seconds")))
            return {"statements": kept}
        before = self._statements.adjusted(tenant_id, month)
        known = [line for line in stated.lines if line.adjusts is None] + list(before.lines if before else ())
        if not (found := difference(self._costs.fresh(tenant_id, month), known, f"{now:%Y-%m-%d}", month)):
            return {}
        adjustment = Adjustment(month, (before.number if before else 0) + 1, found)
        return {"adjustments": self._statements.adjust(tenant_id, adjustment, month_of(now))}
