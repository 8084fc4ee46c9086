"""Ports of circuit breakers: the store of circuits, the observer of their transitions, and the event bus."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from vigil.kernel.events import Event
from vigil.outbound.breakers.model import NO_CALLS, Circuit, CircuitId, Counts, Transition


class CircuitStore(Protocol):
    """Stored circuits. Every method raises Unavailable."""

    def get(self, circuit_id: CircuitId) -> Circuit:
        """Return a circuit, read consistently; one without an item is closed, with epoch 0."""
        ...

    def record(self, seen: Circuit, bucket: int, counts: Counts) -> Circuit:
        """Add counts to a bucket and return the stored circuit, in one call.

        The counts are dropped if the stored epoch is not the seen one. Old buckets of the seen circuit are removed.
        """
        ...

    def change(self, before: Circuit, after: Circuit, counts: Counts = NO_CALLS) -> bool:
        """Store a transition and add counts to the totals; return False if epoch or state have changed since."""
        ...

    def claim_telling(self, circuit_id: CircuitId, transition: Transition, until: datetime) -> bool:
        """Delay `retell_at` of an untold transition; return False if it was told or claimed since."""
        ...

    def end_telling(self, circuit_id: CircuitId, transition: Transition) -> None:
        """Remove a transition that observers have been told of. A removed one is no error."""
        ...

    def throttle(self, circuit_id: CircuitId, until: datetime) -> None:
        """Store the end of a vendor's pause, unless a later one is stored."""
        ...


class CircuitObserver(Protocol):
    """Observer of circuits. The methods raise no errors.

    Each transition of the fleet is observed at least once: again only if the process that told it could not store that.
    """

    def observe(self, circuit_id: CircuitId, transition: Transition) -> bool:
        """Observe an opening or closing. Return False if its event was not accepted and must be sent again."""
        ...

    def blind(self, circuit_id: CircuitId) -> None:
        """Observe that the store of circuits did not answer, so that local rules apply."""
        ...


class EventBus(Protocol):
    """Event bus."""

    def publish(self, events: Sequence[Event]) -> Collection[str]:
        """Publish the events; return the ids of those that the bus did not accept."""
        ...
