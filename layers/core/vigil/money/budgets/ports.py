"""What budgets need from outside: where they are kept, what is spent, who stops, and who is told."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from typing import Protocol

from vigil.kernel.events import Event
from vigil.kernel.money import Counter, HardStop
from vigil.money.budgets.model import Alert, Budget, Period, Plan, Scope, Tally
from vigil.money.costs.model import Line
from vigil.money.forecasting.model import Projection
from vigil.money.usage.model import Hour


class BudgetStore(Protocol):
    """The budgets and alerts of all tenants."""

    def plan(self, tenant_id: str) -> Plan:
        """Return a tenant's budgets by category and period, and its alerts of the last days; read consistently."""
        ...

    def put(self, tenant_id: str, budget: Budget) -> bool:
        """Keep a budget in place of the one of its category and period, and say whether there was none."""
        ...

    def delete(self, tenant_id: str, category: Scope, period: Period) -> None:
        """Forget a budget, if there is one."""
        ...

    def open(self, tenant_id: str, alert: Alert) -> bool:
        """Keep an alert unless there is one of its name, and say whether it was kept."""
        ...

    def take_over(self, tenant_id: str, alert: Alert, until: str) -> bool:
        """Lease a pending alert until a moment unless somebody else has since it was read; say whether that worked."""
        ...

    def sent(self, tenant_id: str, alert: Alert) -> None:
        """Note that an alert was told."""
        ...


class Spending(Protocol):
    """What use costs."""

    def lines(self, tenant_id: str, month: str) -> Sequence[Line]:
        """Return the lines of a month."""
        ...


class Ends(Protocol):
    """Where spend will end."""

    def month_end(self, tenant_id: str) -> Mapping[Scope, Projection]:
        """Return what each category, and all of them, will have cost at the end of this month."""
        ...


class Use(Protocol):
    """What tenants have used."""

    def hours(self, tenant_id: str, month: str) -> Sequence[Hour]:
        """Return the hours of a month in which anything was used, in order, read consistently."""
        ...


class Prices(Protocol):
    """The price of a prediction."""

    def __call__(self, moment: datetime) -> Fraction:
        """Return the micros that one prediction costs at a moment."""
        ...


class Stops(Protocol):
    """What counts against hard stops."""

    def tally(self, tenant_id: str, day: str) -> Tally:
        """Return how a day and its month stand, read consistently."""
        ...

    def settle(self, tenant_id: str, seen: Tally, beside: Mapping[Counter, int]) -> bool:
        """Say what was spent beside what is set aside; False, and nothing, where others said so since it was seen."""
        ...


class Holders(Protocol):
    """The records by which requests are let in."""

    def set_hard_stop(self, tenant_id: str, hard_stop: HardStop | None) -> None:
        """Say what a tenant's predictions may cost; nothing is written where that is what holds already."""
        ...


class Bus(Protocol):
    """Where events go."""

    def publish(self, events: Sequence[Event]) -> Collection[str]:
        """Send the events and return the ids of those that were not taken."""
        ...
