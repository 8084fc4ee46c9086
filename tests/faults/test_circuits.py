"""Twenty processes share one circuit over real conditional writes: one probe at a time, one opening, one closing."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from random import Random
from threading import Barrier

import pytest

from tests.faults.planted_circuits import UnfencedCircuits
from tests.support.fakes.circuits import FakeObserver
from tests.support.fakes.clock import Clock
from vigil.errors import CircuitOpen
from vigil.outbound.breakers.model import CircuitId
from vigil.outbound.breakers.rules import BreakerRules
from vigil.outbound.breakers.service import Breaker, BreakerParts
from vigil.outbound.breakers.store import DynamoCircuits
from vigil.outbound.breakers.verdicts import Answered, Failed

PROCESSES = 20
RECOVERIES = 25
CIRCUIT = CircuitId("pagerduty")


class World:
    """Processes with a client and a clock of their own. The clocks differ by up to two seconds."""

    def __init__(self, bed, store=DynamoCircuits):
        self.clock, self.observer, self.random = Clock(), FakeObserver(), Random(1)
        self.table = bed.table("Limits")
        self.store = DynamoCircuits(bed.client("dynamodb"), self.table)
        self.breakers = [
            Breaker(CIRCUIT, self.parts(store(bed.client("dynamodb"), self.table))) for _ in range(PROCESSES)
        ]
        self.pool = ThreadPoolExecutor(PROCESSES)

    def parts(self, store):
        skew = timedelta(seconds=self.random.uniform(-2, 2))
        return BreakerParts(store, self.observer, lambda: self.clock() + skew, self.random, BreakerRules())

    def circuit(self):
        return self.store.get(CIRCUIT)

    def together(self, action):
        """Let all processes act at once; return their results."""
        barrier = Barrier(PROCESSES)

        def act(breaker):
            barrier.wait()
            return action(breaker)

        return list(self.pool.map(act, self.breakers))


def admit(breaker):
    try:
        return breaker, breaker.admit()
    except CircuitOpen:
        return None


def fail(breaker):
    """Make one failing call, if it is not refused."""
    if admitted := admit(breaker):
        breaker.settle(admitted[1], Failed())


@pytest.fixture
def world(bed):
    return World(bed)


def probes_of(world, verdict):
    """Let all processes try one call at the time of the next probe; return the number of calls."""
    world.clock.now = world.circuit().retry_at + timedelta(seconds=2)
    admitted = [each for each in world.together(admit) if each]
    for breaker, permit in admitted:
        breaker.settle(permit, verdict)
    return len(admitted)


def open_circuit(world):
    for _ in range(3):
        world.together(fail)
        world.clock.advance(seconds=1.1)
    assert world.circuit().state == "open"


def test_parallel_processes_open_a_circuit_once(world):
    open_circuit(world)
    assert world.observer.names() == ["opened"]
    assert world.circuit().epoch == 1


def test_each_recovery_makes_one_call_of_the_fleet(world):
    open_circuit(world)
    assert [probes_of(world, Failed()) for _ in range(RECOVERIES)] == [1] * RECOVERIES
    assert world.circuit().tries == RECOVERIES
    assert world.observer.names() == ["opened"]


def test_parallel_processes_close_a_circuit_once(world):
    open_circuit(world)
    assert probes_of(world, Answered()) == 1
    for _ in range(3):
        world.clock.advance(seconds=5)
        for admitted in world.together(admit):
            if admitted:
                admitted[0].settle(admitted[1], Answered())
    assert world.circuit().state == "closed"
    assert world.observer.names() == ["opened", "closed"]


def test_an_unfenced_claim_of_probes_is_found(bed):
    world = World(bed, UnfencedCircuits)
    open_circuit(world)
    assert max(probes_of(world, Failed()) for _ in range(5)) > 1
