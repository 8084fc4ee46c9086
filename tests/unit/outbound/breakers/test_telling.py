"""Each stored opening is told, also if its writer lost the answer; the times of transitions follow their epochs."""

from datetime import timedelta

from tests.support.breaker_processes import Process
from tests.support.fakes.clock import Clock
from vigil.outbound.breakers.model import Circuit, CircuitId


def test_an_opening_whose_answer_is_lost_is_told_once():
    first = Process()
    others = [first, Process(rival_of=first)]
    first.store.loses_answer = True
    for _ in range(40):
        for process in others:
            process.call(500)
        first.clock.advance(seconds=1)
    assert first.observer.seen.count(("opened", "pagerduty", 1)) == 1
    assert first.circuit.untold == ()


def test_a_reopening_by_a_slow_clock_is_later_than_the_closing():
    now = Clock()()
    opened = Circuit(CircuitId("pagerduty")).open(now, timedelta(seconds=10))
    probed = opened.claim_probe(now).answer_probe(now).claim_probe(now)
    closed = probed.answer_probe(now + timedelta(seconds=2))
    reopened = closed.open(now + timedelta(seconds=1), timedelta(seconds=10))
    times = [transition.at for transition in reopened.untold]
    assert times == sorted(set(times))
