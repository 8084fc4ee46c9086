"""Fakes of the store and the observer of circuits, in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Lock

from vigil.errors import Unavailable
from vigil.outbound.breakers.model import NO_CALLS, Circuit, CircuitId, Counts, Transition


class FakeCircuitStore:
    """Store of circuits. `requests` counts all requests, also those while the store is `away`.

    With `loses_answer`, the next transition is stored, and its writer receives Unavailable.
    """

    def __init__(self) -> None:
        self.circuits: dict[CircuitId, Circuit] = {}
        self.requests = 0
        self.writes = 0
        self.away = False
        self.loses_answer = False
        self._lock = Lock()

    def get(self, circuit_id: CircuitId) -> Circuit:
        return self.find(circuit_id) or Circuit(circuit_id)

    def find(self, circuit_id: CircuitId) -> Circuit | None:
        self._begin()
        return self.circuits.get(circuit_id)

    def page(self, tenant_id: str | None) -> Sequence[Circuit]:
        self._begin()
        found = (circuit for circuit in self.circuits.values() if circuit.id.tenant_id == tenant_id)
        return sorted(found, key=lambda circuit: circuit.id.name)

    def record(self, seen: Circuit, bucket: int, counts: Counts) -> Circuit:
        with self._lock:
            stored = self.get(seen.id)
            if not is_same(stored, seen):
                return stored
            self.writes += 1
            stored = add(stored, bucket, counts)
            self.circuits[seen.id] = stored
            return stored

    def change(self, before: Circuit, after: Circuit, counts: Counts = NO_CALLS) -> bool:
        with self._lock:
            stored = self.get(before.id)
            if not self.may_change(stored, before):
                return False
            self.writes += 1
            is_by_hand = after.last_change != before.last_change
            throttled_until = None if is_by_hand else stored.throttled_until
            untold = (*stored.untold, *(made for made in after.untold if made not in before.untold))
            self.circuits[before.id] = replace(
                after, totals=stored.totals + counts, throttled_until=throttled_until, untold=untold
            )
            if self.loses_answer:
                self.loses_answer = False
                raise Unavailable("The answer was lost.")
            return True

    def claim_telling(self, circuit_id: CircuitId, transition: Transition, until: datetime) -> bool:
        with self._lock:
            stored = self.get(circuit_id)
            if transition not in stored.untold:
                return False
            untold = [replace(each, retell_at=until) if each == transition else each for each in stored.untold]
            self.circuits[circuit_id] = replace(stored, untold=tuple(untold))
            return True

    def end_telling(self, circuit_id: CircuitId, transition: Transition) -> None:
        with self._lock:
            stored = self.get(circuit_id)
            untold = tuple(each for each in stored.untold if each.epoch != transition.epoch)
            if untold != stored.untold:
                self.circuits[circuit_id] = replace(stored, untold=untold)

    def throttle(self, circuit_id: CircuitId, until: datetime) -> None:
        with self._lock:
            stored = self.get(circuit_id)
            self.writes += 1
            self.circuits[circuit_id] = replace(stored, throttled_until=max(until, stored.throttled_until or until))

    def may_change(self, stored: Circuit, before: Circuit) -> bool:
        """Return True if a transition from `before` may be stored."""
        return is_same(stored, before)

    def _begin(self) -> None:
        self.requests += 1
        if self.away:
            raise Unavailable("The table of circuits did not answer.")


def is_same(stored: Circuit, seen: Circuit) -> bool:
    """Return True if two circuits have the same epoch and state."""
    return (stored.epoch, stored.state) == (seen.epoch, seen.state)


def add(circuit: Circuit, bucket: int, counts: Counts) -> Circuit:
    """Return the circuit with counts in a bucket and in the totals, without buckets that no rule reads."""
    buckets = {number: found for number, found in circuit.buckets.items() if number > bucket - 2}
    if told := replace(counts, refused=0):
        buckets[bucket] = buckets.get(bucket, NO_CALLS) + told
    buckets = {number: found for number, found in buckets.items() if found != NO_CALLS}
    return replace(circuit, buckets=buckets, totals=circuit.totals + counts)


@dataclass
class FakeObserver:
    """Observer that lists the transitions as (name, circuit name, epoch), and counts the times without a store."""

    seen: list[tuple[str, str, int]] = field(default_factory=list)
    missing_stores: int = 0
    refuses: bool = False

    def observe(self, circuit_id: CircuitId, transition: Transition) -> bool:
        assert 0 <= transition.failed <= transition.calls
        self.seen.append((transition.name, circuit_id.name, transition.epoch))
        return not self.refuses

    def changed(self, circuit: Circuit) -> None:
        assert circuit.last_change
        self.seen.append((circuit.last_change.name, circuit.id.name, circuit.epoch))

    def store_unavailable(self, circuit_id: CircuitId) -> None:
        self.missing_stores += 1

    def names(self) -> list[str]:
        return [name for name, _, _ in self.seen]
