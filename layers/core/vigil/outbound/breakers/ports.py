"""Ports of circuit breakers: the store of circuits, the observer of their transitions, and the event bus."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from vigil.kernel.events import Event
from vigil.outbound.breakers.model import NO_CALLS, Circuit, CircuitId, Counts, Transition


class CircuitStore(Protocol):
    """Stored circuits of the deployment and of all tenants. Every method raises Unavailable."""

    def get(self, circuit_id: CircuitId) -> Circuit:
        """Return a circuit, read consistently. A circuit that is not stored is closed, with epoch 0."""
        ...

    def record(self, seen: Circuit, bucket: int, counts: Counts) -> Circuit:
        """Add counts to a bucket and to the totals of a circuit, and return the stored circuit, in one call.

        `bucket` is the current bucket, a number of `bucket_of`. Buckets before the previous one are removed. `seen` is
        the circuit as it was last read. Nothing is added or removed if the stored epoch or state is not that of `seen`.
        The stored circuit is then returned as well: the caller compares both.
        """
        ...

    def change(self, before: Circuit, after: Circuit, counts: Counts = NO_CALLS) -> bool:
        """Store the transition from `before` to `after`, add counts to the totals, and return True.

        Return False and store nothing if the stored epoch or state is not that of `before`.
        """
        ...

    def claim_telling(self, circuit_id: CircuitId, transition: Transition, until: datetime) -> bool:
        """Claim the notification of observers of a transition: store `until` as its `retell_at`, and return True.

        Return False if observers were notified, or another process has claimed it since it was read.
        """
        ...

    def end_telling(self, circuit_id: CircuitId, transition: Transition) -> None:
        """Remove a transition from the untold ones, because observers were notified. A removed one is no error."""
        ...

    def throttle(self, circuit_id: CircuitId, until: datetime) -> None:
        """Store the end of a pause that a vendor demanded. A later stored end is not changed."""
        ...


class CircuitObserver(Protocol):
    """Observer of all circuits. The methods raise no errors.

    Each transition is observed at least once in the whole fleet. It is observed again if the bus did not accept its
    event, or if a process could not store that it was observed.
    """

    def observe(self, circuit_id: CircuitId, transition: Transition) -> bool:
        """Observe an opening or closing. Return True if its event was accepted.

        Return False if it must be sent again.
        """
        ...

    def store_unavailable(self, circuit_id: CircuitId) -> None:
        """Observe that the store of circuits did not answer a request.

        The process then counts and decides for itself.
        """
        ...


class EventBus(Protocol):
    """Event bus."""

    def publish(self, events: Sequence[Event]) -> Collection[str]:
        """Publish the events, at least once. Return the ids of those that the bus did not accept; empty if it took all.

        A bus that does not respond accepted none of them; that is no error.
        """
        ...
