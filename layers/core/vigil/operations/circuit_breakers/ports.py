"""Ports of the API of circuits: their store, and the observer of changes by hand."""

from collections.abc import Sequence
from typing import Protocol

from vigil.outbound.breakers.model import Circuit, CircuitId


class CircuitTable(Protocol):
    """Stored circuits. Every method raises Unavailable."""

    def find(self, circuit_id: CircuitId) -> Circuit | None:
        """Return a circuit, read consistently, or None if it has no item."""
        ...

    def page(self, tenant_id: str | None) -> Sequence[Circuit]:
        """Return the circuits of a tenant, or of the deployment for None, in the order of their names."""
        ...

    def change(self, before: Circuit, after: Circuit) -> bool:
        """Store a change; return False if epoch or state have changed since."""
        ...


class ChangeObserver(Protocol):
    """Observer of changes by hand. Its method raises no error."""

    def changed(self, circuit: Circuit) -> None:
        """Observe a change by hand, whose author is the last change of the circuit."""
        ...
