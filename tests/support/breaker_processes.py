"""Processes whose calls are guarded by circuit breakers, over one store in memory."""

from contextlib import suppress
from random import Random
from types import SimpleNamespace

from tests.support.fakes.circuits import FakeCircuitStore, FakeObserver
from tests.support.fakes.clock import Clock
from vigil.outbound.breakers.model import Circuit, CircuitId
from vigil.outbound.breakers.registry import CircuitBreakers
from vigil.outbound.breakers.rules import BreakerRules
from vigil.outbound.breakers.service import BreakerParts

NAME = "pagerduty"


class Process:
    """A process with its breakers. It shares store, observer and clock with the process `rival_of`."""

    def __init__(self, rival_of: "Process | None" = None) -> None:
        self.store: FakeCircuitStore = rival_of.store if rival_of else FakeCircuitStore()
        self.observer: FakeObserver = rival_of.observer if rival_of else FakeObserver()
        self.clock: Clock = rival_of.clock if rival_of else Clock()
        parts = BreakerParts(self.store, self.observer, self.clock, Random(1), BreakerRules())
        self.breakers = CircuitBreakers(parts)
        self.calls = 0

    def call(
        self, answer: int | Exception = 200, tenant: str | None = None, name: str = NAME, wait: str | None = None
    ) -> bool:
        """Make one guarded call; `answer` is a status or an error, `wait` a Retry-After. Return True if it was made."""

        def function() -> SimpleNamespace:
            self.calls += 1
            if isinstance(answer, Exception):
                raise answer
            return SimpleNamespace(status=answer, headers={"retry-after": wait} if wait else {})

        before = self.calls
        with suppress(Exception):
            self.breakers.call(name, tenant, function)
        return self.calls > before

    def fail(self, answer: int | Exception = 500, calls: int = 8) -> None:
        """Make failing calls, more than one second apart."""
        for _ in range(calls):
            self.call(answer)
            self.clock.advance(seconds=1.1)

    @property
    def circuit(self) -> Circuit:
        """The stored circuit."""
        return self.store.circuits.get(CircuitId(NAME), Circuit(CircuitId(NAME)))

    def pass_pause(self) -> None:
        """Advance the clock to the next probe."""
        assert self.circuit.retry_at
        self.clock.now = self.circuit.retry_at
