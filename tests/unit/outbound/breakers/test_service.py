"""One process guards its calls with a breaker whose store it shares."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from tests.support.breaker_processes import NAME, Process
from vigil.errors import CircuitOpen, Conflict, NotFound, Unavailable
from vigil.outbound.breakers.model import CircuitChange, Counts, bucket_of
from vigil.outbound.breakers.verdicts import Answered, Failed


@pytest.mark.parametrize("answer", [500, 503, Unavailable("x"), TimeoutError(), ConnectionError()])
def test_failures_open_the_circuit_and_calls_are_refused(answer):
    process = Process()
    process.fail(answer)
    assert process.circuit.state == "open"
    assert process.calls <= 7
    assert not process.call()
    assert process.observer.names() == ["opened"]


@pytest.mark.parametrize("answer", [200, 302, 400, 401, 404, 422, 429, NotFound("x"), Conflict("x")])
def test_answers_and_refusals_of_the_vendor_open_nothing(answer):
    process = Process()
    process.fail(answer, 20)
    assert (process.circuit.state, process.calls) == ("closed", 20)
    assert process.circuit.totals.failed == 0


def test_a_refusal_has_the_pause_until_the_next_probe():
    process = Process()
    process.fail()
    left = (process.circuit.retry_at - process.clock()).total_seconds()
    with pytest.raises(CircuitOpen) as refusal:
        process.breakers.call(NAME, None, lambda: 1)
    assert 0 <= refusal.value.retry_after - left < 1
    assert isinstance(refusal.value, Unavailable)


def test_a_refused_call_returns_its_fallback():
    process = Process()
    process.fail()
    assert process.breakers.call(NAME, None, lambda: "made", lambda: "fallback") == "fallback"


def test_an_error_of_the_function_is_raised_and_has_no_fallback():
    process = Process()
    with pytest.raises(Unavailable, match="gone"):
        process.breakers.call(NAME, None, lambda: (_ for _ in ()).throw(Unavailable("gone")), lambda: 1)


def test_two_answered_probes_close_the_circuit():
    process = Process()
    process.fail()
    process.pass_pause()
    assert process.call()
    assert process.circuit.state == "half_open"
    assert process.call()
    assert process.circuit.state == "closed"
    assert process.observer.names() == ["opened", "closed"]


def test_the_second_probe_may_come_from_another_process():
    process = Process()
    process.fail()
    process.pass_pause()
    process.call()
    assert Process(process).call()
    assert process.circuit.state == "closed"


def test_a_failed_probe_opens_the_circuit_for_twice_the_pause():
    process, pauses = Process(), []
    process.fail()
    for _ in range(8):
        process.pass_pause()
        process.call(500)
        pauses.append((process.circuit.retry_at - process.clock()).total_seconds())
    for number, pause in enumerate(pauses, 1):
        expected = min(300, 10 * 2**number)
        assert 0.8 * expected <= pause <= 1.2 * expected
    assert process.observer.names() == ["opened"]


def test_a_result_of_a_call_from_before_the_opening_changes_nothing():
    process = Process()
    late = Process(process).breakers.breaker(NAME)
    early = [late.admit() for _ in range(20)]
    process.fail()
    process.pass_pause()
    process.call()  # the first probe is answered
    before = process.circuit
    for permit in early:
        late.settle(permit, Failed())
    assert process.circuit == before
    process.call()
    assert process.circuit.state == "closed"


def test_late_failures_of_the_same_process_change_nothing():
    process = Process()
    breaker = process.breakers.breaker(NAME)
    early = [breaker.admit() for _ in range(20)]
    process.fail()
    process.pass_pause()
    probe = breaker.admit()
    for permit in early:
        breaker.settle(permit, Failed())
    breaker.settle(probe, Answered())
    assert (process.circuit.state, process.circuit.probes) == ("half_open", 1)


def test_a_probe_whose_lease_is_over_has_no_effect():
    process = Process()
    process.fail()
    process.pass_pause()
    lost = process.breakers.breaker(NAME).admit()
    process.clock.advance(seconds=16)
    rival = Process(process)
    assert rival.call()
    process.breakers.breaker(NAME).settle(lost, Failed())
    assert (process.circuit.state, process.circuit.probes) == ("half_open", 1)


def test_a_pause_of_the_vendor_stops_calls_and_keeps_the_circuit_closed():
    process = Process()
    process.call(429, wait="7")
    for _ in range(6):
        assert not process.call()
        process.clock.advance(seconds=1)
    assert not Process(process).call()
    process.clock.advance(seconds=1)
    assert process.call()
    assert process.circuit.state == "closed"
    assert process.circuit.epoch == 0


def test_a_pause_of_the_vendor_is_at_most_an_hour():
    process = Process()
    process.call(429, wait="9" * 400)
    process.clock.advance(hours=1, seconds=1)
    assert process.call()


def test_a_circuit_that_is_forced_open_has_no_probes_until_its_reset():
    process = Process()
    process.call()
    change = CircuitChange("forced_open", "operator:k", "test", process.clock())
    process.store.change(process.circuit, process.circuit.force_open(change))
    process.clock.advance(seconds=5)
    for _ in range(20):
        assert not process.call()
        process.clock.advance(minutes=1)
    process.store.away = True
    assert not process.call()
    process.store.away = False
    process.store.change(process.circuit, process.circuit.reset(change))
    process.clock.advance(seconds=5)
    assert process.call()


def test_a_reset_ends_a_pause_of_the_vendor():
    process = Process()
    process.call(429, wait="600")
    change = CircuitChange("reset", "operator:k", "test", process.clock())
    process.store.change(process.circuit, process.circuit.reset(change))
    process.clock.advance(seconds=5)
    assert process.call()


def test_a_dead_endpoint_of_one_tenant_refuses_no_other_call():
    process = Process()
    for _ in range(8):
        process.call(500, tenant="acme", name="webhook:1")
        process.clock.advance(seconds=1.1)
    assert not process.call(tenant="acme", name="webhook:1")
    assert process.call(tenant="globex", name="webhook:1")
    assert process.call(tenant="acme", name="webhook:2")
    assert process.call()


def test_slow_answers_are_counted_as_slow():
    process = Process()
    process.breakers.call(NAME, None, lambda: process.clock.advance(seconds=6))
    process.call()
    assert (process.circuit.totals.answered, process.circuit.totals.slow) == (1, 1)


def test_threads_of_a_process_claim_one_probe():
    process = Process()
    process.fail()
    process.pass_pause()
    breaker = process.breakers.breaker(NAME)

    def admitted(_):
        try:
            return breaker.admit().is_probe
        except CircuitOpen:
            return False

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(admitted, range(200))) == 1


def test_a_process_has_a_bounded_number_of_breakers():
    process = Process()
    first = process.breakers.breaker("first")
    for number in range(1_023):
        process.breakers.breaker(f"n{number}")
    assert process.breakers.breaker("first") is first
    for number in range(1_024):
        process.breakers.breaker(f"m{number}")
    assert process.breakers.breaker("first") is not first


def test_refused_calls_are_recorded_in_the_bucket_of_their_time(monkeypatch):
    process = Process()
    process.fail()
    refused, recorded = Process(process), []
    refused.clock.now = process.circuit.opened_at
    real = process.store.record
    monkeypatch.setattr(process.store, "record", lambda *told: recorded.append(told) or real(*told))
    for _ in range(3):
        assert not refused.call()
        refused.clock.advance(seconds=3)
    told_at = refused.clock() - timedelta(seconds=3)
    assert [told[1:] for told in recorded] == [(bucket_of(told_at), Counts(refused=2))]


def test_a_deleted_circuit_starts_anew():
    process = Process()
    process.fail()
    for _ in range(2):
        process.pass_pause()
        process.call(500)
    assert process.circuit.epoch > 2
    process.store.circuits.clear()
    process.clock.advance(seconds=6)
    assert process.call()
    rival = Process(process)
    rival.fail()
    assert (process.circuit.state, process.circuit.epoch) == ("open", 1)
    process.clock.advance(seconds=5)
    assert not process.call()
