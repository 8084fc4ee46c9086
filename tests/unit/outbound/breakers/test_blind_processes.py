"""While the store of circuits is away, a process follows rules of its own."""

from datetime import timedelta

import pytest

from tests.support.breaker_processes import Process


def test_without_store_the_calls_are_made_and_it_is_asked_every_5_s():
    process = Process()
    process.store.away = True
    for _ in range(100):
        assert process.call()
        process.clock.advance(seconds=0.5)
    assert process.store.requests <= 11
    assert process.observer.missing_stores == process.store.requests


@pytest.mark.parametrize("pause", [0.01, 0.3, 0.9, 1.7])
def test_without_store_and_vendor_a_process_makes_6_calls_per_10_s(pause):
    process = Process()
    process.store.away, calls = True, []
    for _ in range(int(60 / pause)):
        if process.call(500):
            calls.append(process.clock())
        process.clock.advance(seconds=pause)
    for start in calls:
        assert sum(start <= call < start + timedelta(seconds=10) for call in calls) <= 6
    assert process.store.requests <= 13


def test_a_known_open_circuit_stays_open_without_store():
    process = Process()
    process.fail()
    process.store.away = True
    process.clock.now = process.circuit.retry_at - timedelta(seconds=1)
    assert not process.call()


def test_a_circuit_without_store_recovers_with_the_vendor():
    process = Process()
    process.store.away = True
    process.fail(calls=6)
    assert not process.call()
    process.clock.advance(seconds=12)
    assert process.call()
    assert process.call()


def test_a_store_that_returns_replaces_the_local_rules():
    process = Process()
    process.store.away = True
    process.fail(calls=6)
    process.store.away = False
    process.clock.advance(seconds=5)
    assert process.call()
    assert process.circuit.state == "closed"
