"""What forecasting needs from outside: what was spent, where anomalies are kept, and who is told."""

from collections.abc import Collection, Sequence
from fractions import Fraction
from typing import Protocol

from vigil.kernel.events import Event
from vigil.money.costs.model import Category, Line
from vigil.money.forecasting.model import Anomaly


class Spending(Protocol):
    """What use costs."""

    def hourly(self, tenant_id: str, month: str) -> Sequence[tuple[str, Category, Fraction]]:
        """Return what each hour of a month cost by category, unrounded; hours without cost are absent."""
        ...

    def lines(self, tenant_id: str, month: str) -> Sequence[Line]:
        """Return the lines of a month."""
        ...


class AnomalyStore(Protocol):
    """The anomalies of all tenants."""

    def all(self, tenant_id: str) -> Sequence[Anomaly]:
        """Return a tenant's anomalies of the last thirteen months by category and number; read consistently."""
        ...

    def open(self, tenant_id: str, anomaly: Anomaly) -> bool:
        """Keep an anomaly unless there is one of its category and number, and say whether it was kept."""
        ...

    def change(self, tenant_id: str, anomaly: Anomaly) -> None:
        """Keep when it was last seen and whether it was told, if it is still there."""
        ...


class Bus(Protocol):
    """Where events go."""

    def publish(self, events: Sequence[Event]) -> Collection[str]:
        """Send the events and return the ids of those that were not taken."""
        ...
