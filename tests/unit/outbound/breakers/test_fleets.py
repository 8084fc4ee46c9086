"""A fleet shares one circuit: it opens once, probes once at a time, and closes once. Time is virtual."""

from datetime import timedelta

import pytest

from tests.support.fakes.circuits import FakeCircuitStore
from tests.support.fleets import Fleet
from vigil.outbound.breakers.rules import BreakerRules

SEEDS = (0, pytest.param(1, marks=pytest.mark.faults))
SHORT_PAUSES = BreakerRules(max_pause=timedelta(seconds=10))


class Unfenced(FakeCircuitStore):
    """Stores a transition over any other one: a claim of a probe does not exclude a second one."""

    def may_change(self, stored, before):
        return stored.state == before.state or "half_open" in {stored.state, before.state}


def calls_per_recovery(fleet, recoveries):
    """Return the number of calls that each recovery of a failing vendor makes."""
    found = []
    for _ in range(recoveries):
        start = fleet.now
        tries = fleet.circuit.tries
        fleet.run(60, lambda tries=tries: fleet.circuit.tries > tries)
        fleet.run(1)
        found.append(fleet.vendor.since(start))
    return found


def test_each_of_25_recoveries_of_500_processes_makes_one_call():
    fleet = Fleet(500, pause=2.0, skew=2.0, rules=SHORT_PAUSES)
    fleet.fail_until_open()
    fleet.vendor.most = 0
    assert calls_per_recovery(fleet, 25) == [1] * 25
    assert fleet.vendor.most == 1
    assert fleet.observer.names() == ["opened"]


def test_an_unfenced_claim_of_probes_is_found():
    fleet = Fleet(500, pause=2.0, skew=2.0, rules=SHORT_PAUSES, store=Unfenced())
    fleet.fail_until_open()
    assert max(calls_per_recovery(fleet, 5)) > 1


@pytest.mark.parametrize("seed", SEEDS)
def test_a_healthy_vendor_gets_two_probes_one_after_the_other(seed):
    fleet = Fleet(500, seed, skew=2.0)
    fleet.fail_until_open()
    fleet.vendor.failing, fleet.vendor.most, start = 0.0, 0, fleet.now
    fleet.run(60, lambda: fleet.circuit.state == "closed")
    assert (fleet.vendor.since(start), fleet.vendor.most) == (2, 1)
    fleet.run(10)
    assert fleet.observer.names() == ["opened", "closed"]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_process_killed_at_its_probe_is_replaced_after_the_lease(seed):
    fleet = Fleet(500, seed, skew=2.0)
    fleet.fail_until_open()
    killed = []

    def lose(number, permit):
        if permit.is_probe and not killed:
            killed.append((number, fleet.now))
            return True
        return False

    fleet.lose, fleet.vendor.failing, start = lose, 0.0, fleet.now
    fleet.run(90, lambda: fleet.circuit.state == "closed")
    lost, first, _second = (call for call in fleet.vendor.calls if call >= start)
    lease = fleet.rules.probe_lease.total_seconds()
    assert lease - 4 <= first - lost <= lease + 5
    assert fleet.observer.names() == ["opened", "closed"]


def test_an_outage_is_opened_once_and_closed_once():
    fleet = Fleet(500, 0)
    fleet.fail_until_open()
    fleet.run(30)
    fleet.vendor.failing = 0.0
    fleet.run(120)
    assert fleet.observer.names() == ["opened", "closed"]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_full_outage_opens_within_6_s_and_3000_calls(seed):
    fleet = Fleet(500, seed)
    fleet.run(11 + seed)  # the outage begins at another place of a bucket
    fleet.vendor.failing, start = 1.0, fleet.now
    assert fleet.run(60, lambda: fleet.circuit.state == "open") < 6
    fleet.run(30, lambda: fleet.circuit.state == "half_open")
    assert fleet.vendor.since(start) < 3_000


@pytest.mark.parametrize("failing", [0.02, 0.3])
@pytest.mark.parametrize("warm", [0, 11])
def test_a_minute_of_few_failures_never_opens_the_circuit(failing, warm):
    fleet = Fleet(500, 3)
    fleet.run(warm)
    fleet.vendor.failing = failing
    fleet.run(60)
    assert fleet.circuit.epoch == 0


@pytest.mark.parametrize("seed", SEEDS)
def test_failures_of_60_percent_open_the_circuit_within_15_s(seed):
    fleet = Fleet(500, seed)
    fleet.run(11 + seed)
    fleet.vendor.failing = 0.6
    assert fleet.run(60, lambda: fleet.circuit.state == "open") < 15


def test_a_busy_healthy_process_writes_once_per_5_s():
    fleet = Fleet(100)
    fleet.run(30)
    before = fleet.store.requests
    fleet.run(100)
    assert fleet.store.requests - before <= 100 * 100 / 5


def test_an_idle_fleet_makes_no_request():
    fleet = Fleet(50, pause=1e6)
    fleet.run(10_000)
    assert fleet.store.requests <= 2 * len(fleet.vendor.calls)


def test_all_calls_are_counted_in_the_totals():
    fleet = Fleet(20, pause=0.5)
    fleet.run(60)
    fleet.vendor.failing = 1.0
    fleet.run(60)
    told, made = fleet.circuit.totals, len(fleet.vendor.calls)
    assert 0.9 * made <= told.calls <= made
    assert 0.8 * fleet.refused <= told.refused <= fleet.refused
