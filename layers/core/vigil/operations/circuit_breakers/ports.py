"""Ports of the API of circuits: their store, and the observer of changes by hand."""

from collections.abc import Sequence
from typing import Protocol

from vigil.outbound.breakers.model import Circuit, CircuitId


class CircuitTable(Protocol):
    """Stored circuits of the deployment and of all tenants. Every method raises Unavailable."""

    def find(self, circuit_id: CircuitId) -> Circuit | None:
        """Return a circuit, read consistently, or None if it is not stored."""
        ...

    def page(self, tenant_id: str | None) -> Sequence[Circuit]:
        """Return all circuits of a tenant, or of the deployment for None, in the order of their names."""
        ...

    def change(self, before: Circuit, after: Circuit) -> bool:
        """Store the transition from `before` to `after` and return True.

        Return False and store nothing if the stored epoch or state is not that of `before`.
        """
        ...


class ChangeObserver(Protocol):
    """Observer of changes by hand. Its method raises no error."""

    def changed(self, circuit: Circuit) -> None:
        """Observe a change; `circuit.last_change` is this change, with its author."""
        ...
