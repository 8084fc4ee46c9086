"""Budgets, their alerts and the hard limit that they define. Pure values and rules.

Money is in micro-dollars (millionths of a dollar), time in UTC. A span is one dated period: `2026-11`, `2026-11-21`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from math import ceil
from typing import Literal

from vigil.errors import FieldError, InvalidInput
from vigil.kernel.events import Event, create_event
from vigil.kernel.money import SPEND_COUNTERS, SpendCounter, SpendLimit
from vigil.kernel.time import format_timestamp
from vigil.money.costs.model import CostLine, SpendScope

BudgetPeriod = Literal["month", "day"]
MAX_LIMIT_MICROS = 10**15
"""Maximum limit of a budget, in micro-dollars."""
MAX_THRESHOLDS = 10
"""Maximum thresholds of a budget."""
MAX_THRESHOLD_PERCENT = 1_000
"""Maximum threshold, in percent of the limit."""
LATE_USAGE = timedelta(days=1)
"""How long a span is still checked after its end: usage is counted seconds to hours late."""
ALERT_LEASE = timedelta(minutes=2)
"""How long a worker owns an unpublished alert before another may claim it."""


@dataclass(frozen=True, slots=True)
class Budget:
    """A limit of a tenant's spend, per month or per day, for one category or for the total.

    `thresholds` are percentages of the limit; each publishes an alert when it is reached. With `hard_stop`,
    predictions that would exceed the limit are refused.
    """

    category: SpendScope
    period: BudgetPeriod
    limit_micros: int
    thresholds: tuple[int, ...] = (80, 100)
    hard_stop: bool = False
    changed_at: str = ""
    changed_by: str = ""

    def __post_init__(self) -> None:
        if not 1 <= self.limit_micros <= MAX_LIMIT_MICROS:
            raise _invalid("limit_micros", "is out of range", f"1 to {MAX_LIMIT_MICROS}")
        if not 1 <= len(self.thresholds) <= MAX_THRESHOLDS:
            raise _invalid("thresholds", "must have one or more values, but not too many", f"1 to {MAX_THRESHOLDS}")
        if not all(1 <= percent <= MAX_THRESHOLD_PERCENT for percent in self.thresholds):
            raise _invalid("thresholds", "are out of range", f"1 to {MAX_THRESHOLD_PERCENT} percent")
        if list(self.thresholds) != sorted(set(self.thresholds)):
            raise _invalid("thresholds", "must be in ascending order", "each above the one before")
        if self.hard_stop and self.counter is None:
            raise _invalid("hard_stop", "is not available for this category", "inference, total")

    @property
    def counter(self) -> SpendCounter | None:
        """Counter that the hard stop limits; None for a category without predictions."""
        name = f"{self.category}_{self.period}"
        return next((counter for counter in SPEND_COUNTERS if counter == name), None)

    def spans_to_check(self, now: datetime) -> Sequence[str]:
        """Return the current span, and the last one if usage of it may still be counted.

        A span that ended before the last change of the budget is not checked: its alert would be outdated.
        """
        since = span_of(self.period, datetime.fromisoformat(self.changed_at))
        recent = {span_of(self.period, now - LATE_USAGE), span_of(self.period, now)}
        return [span for span in sorted(recent) if span >= since]

    def percent_spent(self, spent: int) -> float:
        """Return `spent` in percent of the limit, rounded down to two decimals: 100 means a spent limit."""
        return spent * 10_000 // self.limit_micros / 100

    def reached_thresholds(self, spent: int) -> tuple[int, ...]:
        """Return the thresholds that a spend in micro-dollars has reached, in percent."""
        return tuple(percent for percent in self.thresholds if spent * 100 >= percent * self.limit_micros)

    def create_alert(self, span: str, threshold: int, spent: int, now: datetime) -> "BudgetAlert":
        """Return the pending alert of a reached threshold, leased to its creator."""
        return BudgetAlert(
            category=self.category,
            period=self.period,
            span=span,
            threshold=threshold,
            limit_micros=self.limit_micros,
            spent_micros=spent,
            reached_at=format_timestamp(now),
            leased_until=format_timestamp(now + ALERT_LEASE),
        )


@dataclass(frozen=True, slots=True)
class BudgetAlert:
    """A threshold that was reached in a span; each threshold has one alert per span, even if the budget changes."""

    category: SpendScope
    period: BudgetPeriod
    span: str
    threshold: int
    limit_micros: int
    spent_micros: int
    reached_at: str
    leased_until: str
    state: Literal["pending", "sent"] = "pending"

    @property
    def key(self) -> tuple[str, str, int]:
        """Category, span and threshold, which identify the alert among those of its tenant."""
        return self.category, self.span, self.threshold

    def is_abandoned(self, now: datetime) -> bool:
        """Return True if the alert is unpublished and its lease has expired."""
        return self.state == "pending" and datetime.fromisoformat(self.leased_until) <= now

    def to_event(self, tenant_id: str) -> Event:
        """Return the event of the alert; it is the same for every delivery."""
        fields = {name: value for name, value in asdict(self).items() if name not in {"leased_until", "state"}}
        source_id = f"{tenant_id}.{self.category}.{self.span}.{self.threshold}"
        return create_event(source_id, "budgets.threshold_reached", self.reached_at, {"tenant_id": tenant_id, **fields})


@dataclass(frozen=True, slots=True)
class BudgetPlan:
    """All budgets of a tenant, and its alerts of the last days."""

    budgets: tuple[Budget, ...]
    alerts: tuple[BudgetAlert, ...] = ()

    def spend_limit(self, price: Fraction) -> SpendLimit | None:
        """Return the hard limit of all budgets with a hard stop, or None without one.

        `price` is the price of one prediction, in micro-dollars; it is rounded up.
        """
        limits = {str(budget.counter): budget.limit_micros for budget in self.budgets if budget.hard_stop}
        return SpendLimit(ceil(price), **limits) if limits else None

    def new_thresholds(self, budget: Budget, span: str, spent: int) -> Sequence[int]:
        """Return the reached thresholds of a span that have no alert yet, in percent."""
        known = {alert.key for alert in self.alerts}
        return [
            percent for percent in budget.reached_thresholds(spent) if (budget.category, span, percent) not in known
        ]


@dataclass(frozen=True, slots=True)
class SpendTally:
    """Spend of a day and its month by counter, in micro-dollars.

    `used` is everything that counts against the limits, `unreserved` the part that no prediction reserved.
    """

    day: str
    used: Mapping[SpendCounter, int]
    unreserved: Mapping[SpendCounter, int]


def spend_in_span(lines: Iterable[CostLine], category: str, span: str) -> int:
    """Return the sum of the lines of a category, or of `total`, in a span, in micro-dollars."""
    return sum(line.micros for line in lines if line.day.startswith(span) and category in {line.category, "total"})


def span_of(period: BudgetPeriod, moment: datetime) -> str:
    """Return the span of a moment: its month (`2026-11`) or its day (`2026-11-21`)."""
    return moment.astimezone(UTC).strftime("%Y-%m" if period == "month" else "%Y-%m-%d")


def _invalid(field: str, message: str, bound: str) -> InvalidInput:
    return InvalidInput(FieldError(field, message, bound))
