"""Ports of forecasting: costs, the anomaly store and the event bus."""

from collections.abc import Collection, Sequence
from fractions import Fraction
from typing import Protocol

from vigil.kernel.events import Event
from vigil.money.costs.model import Category, CostLine
from vigil.money.forecasting.model import Anomaly


class SpendSource(Protocol):
    """Costs of tenants by hour and as cost lines."""

    def hourly_costs(self, tenant_id: str, month: str) -> Sequence[tuple[str, Category, Fraction]]:
        """Return the unrounded cost of each hour of a month by category; hours without cost are absent."""
        ...

    def lines(self, tenant_id: str, month: str) -> Sequence[CostLine]:
        """Return the cost lines of a month."""
        ...


class AnomalyStore(Protocol):
    """Anomalies of all tenants."""

    def list_all(self, tenant_id: str) -> Sequence[Anomaly]:
        """Return a tenant's anomalies of the last 400 days, in order of category and number; read consistently."""
        ...

    def add(self, tenant_id: str, anomaly: Anomaly) -> bool:
        """Store an anomaly; return False without a write if its category and number are taken."""
        ...

    def update(self, tenant_id: str, anomaly: Anomaly) -> None:
        """Update the last seen hour and the state of a stored anomaly. Without a stored one, the call has no effect."""
        ...


class EventBus(Protocol):
    """Event bus."""

    def publish(self, events: Sequence[Event]) -> Collection[str]:
        """Publish the events; return the ids of those that the bus did not accept."""
        ...
