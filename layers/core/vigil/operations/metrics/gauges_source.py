"""Sources whose families are the current state of a part: queues, dead letters, open alerts and circuit breakers."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, get_args

from vigil.operations.metrics.model import Collected, Labels, counter, gauge
from vigil.outbound.breakers.model import Circuit, CircuitState

_OUTCOMES = ("answered", "failed", "refused")
_STATES: tuple[CircuitState, ...] = get_args(CircuitState)


class GaugeSource:
    """Source of one family of gauges. `labels` are the names of its labels.

    `read` returns one number per tuple of label values, in the order of `labels`. It raises Unavailable.
    """

    def __init__(
        self, name: str, family: str, labels: Sequence[str], read: Callable[[], Mapping[tuple[str, ...], float]]
    ) -> None:
        self.name = name
        self._family = family
        self._labels = labels
        self._read = read

    def collect(self, _before: Collected | None, _now: datetime) -> Collected | None:
        """Return the current values, never None. Raises Unavailable."""
        values = {tuple(zip(self._labels, key, strict=True)): value for key, value in self._read().items()}
        return Collected((gauge(self._family, values),))


class CircuitSource:
    """Source of the circuit breakers of the deployment: their states, and their calls as counters."""

    name = "circuits"

    def __init__(self, list_circuits: Callable[[], Sequence[Circuit]]) -> None:
        self._list_circuits = list_circuits

    def collect(self, before: Collected | None, _now: datetime) -> Collected | None:
        """Return states and calls, never None. Raises Unavailable.

        A circuit that was removed and created again begins at 0. Its counters go on from their last values.
        """
        circuits = self._list_circuits()
        memory = dict(before.memory) if before else {}
        for circuit in circuits:
            counts = {name: getattr(circuit.totals, name) for name in _OUTCOMES}
            memory[circuit.id.name] = _advance(memory.get(circuit.id.name), counts)
        states: dict[Labels, float] = {
            (("circuit", circuit.id.name), ("state", state)): float(circuit.state == state)
            for circuit in circuits
            for state in _STATES
        }
        calls: dict[Labels, float] = {
            (("circuit", name), ("outcome", outcome)): known["base"][outcome] + known["seen"][outcome]
            for name, known in memory.items()
            for outcome in _OUTCOMES
        }
        return Collected((gauge("vigil_circuit_state", states), counter("vigil_circuit_calls", calls)), memory)


def _advance(known: Mapping[str, Any] | None, counts: Mapping[str, int]) -> dict[str, Any]:
    """Return the counts with the base that earlier lives of the circuit have added up to."""
    base = dict(known["base"]) if known else dict.fromkeys(counts, 0)
    if known and any(counts[name] < known["seen"][name] for name in counts):
        base = {name: base[name] + known["seen"][name] for name in counts}
    return {"base": base, "seen": dict(counts)}
