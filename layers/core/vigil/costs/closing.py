"""The end of a month: its lines are stated once, and whatever is counted later is adjusted in an open month."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from vigil.costs.model import Adjustment, closes_at, difference, month_before
from vigil.costs.ports import Statements
from vigil.costs.service import Costs
from vigil.errors import Unavailable
from vigil.quota.model import month_of

_MONTHS = 4
"""How many months that are past are looked at: use that is reported 90 days late is of one of them."""


@dataclass(frozen=True, slots=True)
class Closed:
    """What a run did: for how many tenants, and how many statements and adjustments it made."""

    tenants: int = 0
    statements: int = 0
    adjustments: int = 0


class Closing:
    """Closes months. Safe to repeat and to run twice at once: what is done is not done again."""

    def __init__(
        self,
        tenants: Callable[[], Iterable[str]],
        costs: Costs,
        statements: Statements,
        clock: Callable[[], datetime],
    ) -> None:
        self._tenants = tenants
        self._costs = costs
        self._statements = statements
        self._clock = clock

    def run(self, time_left: Callable[[], bool]) -> Closed:
        """State past months that are due, and adjust those that are stated, for every tenant.

        Raises Unavailable, with the rest undone, when there is no time left.
        """
        done = Closed()
        for tenant_id in self._tenants():
            if not time_left():
                raise Unavailable("There was no time to close the months of every tenant.")
            done = replace(done, tenants=done.tenants + 1)
            for month in self._past():
                done = self._settle(tenant_id, month, done)
        return done

    def _past(self) -> list[str]:
        """Return the last months that are due to be closed."""
        now = self._clock()
        month, due = month_of(now), list[str]()
        while len(due) < _MONTHS:
            month = month_before(month)
            if closes_at(month) <= now:
                due.append(month)
        return due

    def _settle(self, tenant_id: str, month: str, done: Closed) -> Closed:
        stated = self._costs.statement(tenant_id, month)
        now = self._clock().astimezone(UTC)
        if stated.closed_at is None:
            kept = self._statements.close(tenant_id, replace(stated, closed_at=now.isoformat(timespec="seconds")))
            return replace(done, statements=done.statements + kept)
        before = self._statements.adjusted(tenant_id, month)
        known = [line for line in stated.lines if line.adjusts is None] + list(before.lines if before else ())
        if not (found := difference(self._costs.fresh(tenant_id, month), known, f"{now:%Y-%m-%d}", month)):
            return done
        adjustment = Adjustment(month, (before.number if before else 0) + 1, found)
        booked = self._statements.adjust(tenant_id, adjustment, month_of(now))
        return replace(done, adjustments=done.adjustments + booked)
