"""Counters of circuit breakers go on when a circuit is created again."""

from tests.support.fakes.clock import Clock
from tests.support.fakes.measurements import FakeStates
from vigil.operations.metrics.gauges_source import CircuitSource
from vigil.operations.metrics.service import Collector, Metrics
from vigil.outbound.breakers.model import Circuit, CircuitId, Counts


def test_counters_of_a_circuit_never_fall_when_it_is_created_again():
    circuits = [Circuit(CircuitId("pagerduty"), totals=Counts(answered=9, failed=2, refused=4))]
    states, clock = FakeStates(), Clock()
    collector = Collector(states, [CircuitSource(lambda: circuits)], clock)
    collector.run()
    circuits[:] = [Circuit(CircuitId("pagerduty"), state="open", totals=Counts(answered=1))]
    clock.advance(minutes=1)
    collector.run()
    state, calls = Metrics(states, clock).families()[:2]
    assert {sample.labels[1][1]: sample.value for sample in calls.samples} == {
        "answered": 10,
        "failed": 2,
        "refused": 4,
    }
    assert {sample.labels[1][1]: sample.value for sample in state.samples} == {"closed": 0, "open": 1, "half_open": 0}
    circuits.clear()
    collector.run()
    assert len(Metrics(states, clock).families()[1].samples) == 3
