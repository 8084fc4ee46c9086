"""A fleet of processes with one circuit breaker each, in virtual time. One thread runs all of them, event by event.

Processes act on stale states and with clocks that differ, so that races occur as in a real fleet. The same seed gives
the same run.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random

from tests.support.fakes.circuits import FakeCircuitStore, FakeObserver
from vigil.errors import CircuitOpen
from vigil.outbound.breakers.model import Circuit, CircuitId
from vigil.outbound.breakers.rules import BreakerRules
from vigil.outbound.breakers.service import Breaker, BreakerParts, Permit
from vigil.outbound.breakers.verdicts import Answered, Failed, Verdict

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
CIRCUIT = CircuitId("pagerduty")


@dataclass
class Vendor:
    """A vendor that fails a share of its calls. `calls` are the start times, `most` is the most calls at once."""

    failing: float = 0.0
    duration: float = 0.05
    calls: list[float] = field(default_factory=list)
    running: int = 0
    most: int = 0

    def begin(self, now: float) -> None:
        """Start a call."""
        self.calls.append(now)
        self.running += 1
        self.most = max(self.most, self.running)

    def end(self, random: Random) -> Verdict:
        """End a call with its verdict."""
        self.running -= 1
        return Failed() if random.random() < self.failing else Answered()

    def since(self, start: float) -> int:
        """Return the number of calls that started since a time."""
        return sum(start <= call for call in self.calls)


class Fleet:
    """`size` processes that each call the vendor once per `pause` seconds on average, if `busy`.

    `skew` is the largest difference of a process's clock from the true time, in seconds.
    """

    def __init__(
        self,
        size: int,
        seed: int = 1,
        *,
        pause: float = 1.0,
        skew: float = 0.0,
        store: FakeCircuitStore | None = None,
        rules: BreakerRules | None = None,
    ) -> None:
        self.now = 0.0
        self.random = Random(seed)
        self.vendor = Vendor()
        self.store = store or FakeCircuitStore()
        self.observer = FakeObserver()
        self.rules = rules or BreakerRules()
        self.refused = 0
        self.lose: Callable[[int, Permit], bool] = lambda _number, _permit: False
        """True for a call whose process is killed before its end."""
        self._pause = pause
        self._order = count()
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self.breakers = [self._breaker(self.random.uniform(-skew, skew)) for _ in range(size)]
        for number in range(size):
            self._after(self.random.uniform(0, pause), self._turn(number))

    def run(self, seconds: float, until: Callable[[], bool] = lambda: False) -> float:
        """Run for some seconds, or until a condition holds after an event. Return the time that passed."""
        start = self.now
        while self._events and self._events[0][0] <= start + seconds and not until():
            self.now, _, event = heapq.heappop(self._events)
            event()
        self.now = self.now if until() else start + seconds
        return self.now - start

    @property
    def circuit(self) -> Circuit:
        """The stored circuit."""
        return self.store.circuits.get(CIRCUIT, Circuit(CIRCUIT))

    def fail_until_open(self) -> None:
        """Let the vendor fail all calls until the circuit is open and every process has seen it."""
        self.run(11)
        self.vendor.failing = 1.0
        self.run(60, lambda: self.circuit.state == "open")
        self.run(6)

    def _breaker(self, offset: float) -> Breaker:
        def clock() -> datetime:
            return START + timedelta(seconds=self.now + offset)

        return Breaker(CIRCUIT, BreakerParts(self.store, self.observer, clock, self.random, self.rules))

    def _turn(self, number: int) -> Callable[[], None]:
        def turn() -> None:
            self._after(self.random.uniform(0, 2 * self._pause), turn)
            try:
                permit = self.breakers[number].admit()
            except CircuitOpen:
                self.refused += 1
                return
            self.vendor.begin(self.now)
            self._after(self.vendor.duration, lambda: self._settle(number, permit))

        return turn

    def _settle(self, number: int, permit: Permit) -> None:
        verdict = self.vendor.end(self.random)
        if not self.lose(number, permit):
            self.breakers[number].settle(permit, verdict)

    def _after(self, seconds: float, event: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self.now + seconds, next(self._order), event))
