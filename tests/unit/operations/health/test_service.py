"""Health runs every probe and reports a failure by its class only."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.fakes.clock import Clock
from vigil.errors import Unavailable
from vigil.operations.health.service import Health, Verdict


def fail():
    raise Unavailable("host db-7 at 10.0.0.3")


def test_every_probe_gets_a_result_in_its_order():
    results = Health({"models": lambda: None, "ledger": fail, "limits": lambda: None}, Clock()).run_checks()
    assert [(result.name, result.up, result.cause) for result in results] == [
        ("models", True, None),
        ("ledger", False, "Unavailable"),
        ("limits", True, None),
    ]
    assert all(result.latency_ms >= 0 for result in results)


def test_a_result_contains_no_text_of_the_error():
    (result,) = Health({"ledger": fail}, Clock()).run_checks()
    assert "db-7" not in repr(result)


def test_an_unexpected_error_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        Health({"ledger": lambda: 1 / 0}, Clock()).run_checks()


@pytest.fixture
def probed():
    """A service with one probe, its clock, and the times of the probe's calls."""
    clock, times = Clock(), []

    def probe():
        times.append(clock())
        if len(times) == 2:
            raise Unavailable("host db-7 at 10.0.0.3")

    return Health({"ledger": probe}, clock), clock, times


def test_a_verdict_is_probed_once_in_five_seconds(probed):
    health, clock, times = probed
    first = [health.verdict() for _ in range(100)]
    assert (len(times), set(first)) == (1, {Verdict(True, "2026-03-01T12:00:00.000000Z")})
    clock.advance(seconds=4.9)
    assert health.verdict() == first[0]
    clock.advance(seconds=0.1)
    assert [health.verdict() for _ in range(9)] == [Verdict(False, "2026-03-01T12:00:05.000000Z")] * 9
    assert len(times) == 2


def test_a_clock_that_was_set_back_ends_the_verdict(probed):
    health, clock, times = probed
    health.verdict()
    clock.advance(hours=-1)
    health.verdict()
    assert len(times) == 2


def test_simultaneous_callers_cause_one_probe():
    started, release, calls = threading.Event(), threading.Event(), []

    def probe():
        calls.append(started.set())
        assert release.wait(30)

    health = Health({"ledger": probe}, Clock())
    with ThreadPoolExecutor(8) as pool:
        verdicts = [pool.submit(health.verdict) for _ in range(8)]
        assert started.wait(30)
        release.set()
        assert {verdict.result() for verdict in verdicts} == {Verdict(True, "2026-03-01T12:00:00.000000Z")}
    assert len(calls) == 1


def test_detailed_checks_run_each_time(probed):
    health, _, times = probed
    health.verdict()
    assert [health.run_checks()[0].up for _ in range(2)] == [False, True]
    assert len(times) == 3
