"""What a tenant means to spend: budgets, how they stand, and the alerts of their thresholds. Pure values and rules.

Money is in micros (millionths of a dollar), time in UTC. A span is a period that has a date: `2026-11`, `2026-11-21`.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from math import ceil
from typing import Literal

from vigil.errors import FieldError, InvalidInput
from vigil.kernel.events import Event, Kind
from vigil.kernel.money import COUNTERS, Counter, HardStop
from vigil.money.costs.model import Category, Line

Scope = Literal[Category, "total"]
Period = Literal["month", "day"]
MOST_MICROS = 10**15
MOST_THRESHOLDS = 10
MOST_PERCENT = 1_000
LATE = timedelta(days=1)
"""For so long a span that has ended is still looked at: use is counted seconds to hours after it was made."""
LEASE = timedelta(minutes=2)
"""For so long an alert belongs to who opened it, or took it over; then it may be taken over."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What a tenant means to spend in each month, or on each day, on a category or in all.

    `thresholds` are percentages of the limit, each of which alerts when it is reached. With `hard_stop` the limit is
    also held: predictions that would go beyond it are refused.
    """

    category: Scope
    period: Period
    limit_micros: int
    thresholds: tuple[int, ...] = (80, 100)
    hard_stop: bool = False
    changed_at: str = ""
    changed_by: str = ""

    def __post_init__(self) -> None:
        if not 1 <= self.limit_micros <= MOST_MICROS:
            raise _broken("limit_micros", "is out of range", f"1 to {MOST_MICROS}")
        if not 1 <= len(self.thresholds) <= MOST_THRESHOLDS:
            raise _broken("thresholds", "are none, or too many", f"1 to {MOST_THRESHOLDS}")
        if not all(1 <= percent <= MOST_PERCENT for percent in self.thresholds):
            raise _broken("thresholds", "are out of range", f"1 to {MOST_PERCENT} percent")
        if list(self.thresholds) != sorted(set(self.thresholds)):
            raise _broken("thresholds", "are not in order, or not distinct", "each above the one before")
        if self.hard_stop and self.counter is None:
            raise _broken("hard_stop", "is not to be had for this category", "inference, total")

    @property
    def counter(self) -> Counter | None:
        """What counts against its hard stop; None where predictions do not."""
        name = f"{self.category}_{self.period}"
        return next((counter for counter in COUNTERS if counter == name), None)

    def spans(self, now: datetime) -> Sequence[str]:
        """Return the spans to look at: the present one, and one that ended so lately that use is still being counted.

        Not one from before the budget was set as it is: nobody wants to hear of that.
        """
        since = span_of(self.period, datetime.fromisoformat(self.changed_at))
        recent = {span_of(self.period, now - LATE), span_of(self.period, now)}
        return [span for span in sorted(recent) if span >= since]

    def share(self, spent: int) -> float:
        """Return how many percent of it are spent, to two decimals, rounded down: 100 is never said too early."""
        return spent * 10_000 // self.limit_micros / 100

    def reached(self, spent: int) -> tuple[int, ...]:
        """Return the thresholds that so much has reached."""
        return tuple(percent for percent in self.thresholds if spent * 100 >= percent * self.limit_micros)

    def alert(self, span: str, threshold: int, spent: int, now: datetime) -> "Alert":
        """Return the alert of a threshold that was reached, to be told by whoever opens it."""
        return Alert(
            category=self.category,
            period=self.period,
            span=span,
            threshold=threshold,
            limit_micros=self.limit_micros,
            spent_micros=spent,
            reached_at=_iso(now),
            leased_until=_iso(now + LEASE),
        )


@dataclass(frozen=True, slots=True)
class Alert:
    """A threshold that was reached in a span: one and no other, whatever becomes of the budget."""

    category: Scope
    period: Period
    span: str
    threshold: int
    limit_micros: int
    spent_micros: int
    reached_at: str
    leased_until: str
    state: Literal["pending", "sent"] = "pending"

    @property
    def name(self) -> tuple[str, str, int]:
        """What tells it from the tenant's other alerts: category, span and threshold."""
        return self.category, self.span, self.threshold

    def forsaken(self, now: datetime) -> bool:
        """Say whether whoever was to tell it has not, and will not."""
        return self.state == "pending" and datetime.fromisoformat(self.leased_until) <= now

    def event(self, tenant_id: str) -> Event:
        """Return what others are told: the same whenever, and by whomever, it is told."""
        kind: Kind = "budget.threshold_reached"
        event_id = f"{tenant_id}.{self.category}.{self.span}.{self.threshold}.{kind}"
        facts = {name: value for name, value in asdict(self).items() if name not in {"leased_until", "state"}}
        about = {"event_id": event_id, "event_version": 1, "occurred_at": self.reached_at, "tenant_id": tenant_id}
        return Event(event_id, kind, self.reached_at, json.dumps(about | facts, separators=(",", ":")))


@dataclass(frozen=True, slots=True)
class Plan:
    """All budgets of a tenant, and the alerts of the last days."""

    budgets: tuple[Budget, ...]
    alerts: tuple[Alert, ...] = ()

    def hard_stop(self, price: Fraction) -> HardStop | None:
        """Return what predictions may cost at this price (micros) each: as much as the budgets that stop allow."""
        limits = {str(budget.counter): budget.limit_micros for budget in self.budgets if budget.hard_stop}
        return HardStop(ceil(price), **limits) if limits else None

    def crossed(self, budget: Budget, span: str, spent: int) -> Sequence[int]:
        """Return the thresholds that are reached and have no alert yet."""
        known = {alert.name for alert in self.alerts}
        return [percent for percent in budget.reached(spent) if (budget.category, span, percent) not in known]


def spent(lines: Iterable[Line], category: str, span: str) -> int:
    """Return what lines say was spent on a category, or in `total`, in a span."""
    return sum(line.micros for line in lines if line.day.startswith(span) and category in {line.category, "total"})


def span_of(period: Period, moment: datetime) -> str:
    """Return the span of a moment."""
    return moment.astimezone(UTC).strftime("%Y-%m" if period == "month" else "%Y-%m-%d")


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _broken(field: str, message: str, bound: str) -> InvalidInput:
    return InvalidInput(FieldError(field, message, bound))


@dataclass(frozen=True, slots=True)
class Tally:
    """A day and its month so far, in micros by counter: all that counts, and what of it no prediction set aside."""

    day: str
    used: Mapping[Counter, int]
    beside: Mapping[Counter, int]
