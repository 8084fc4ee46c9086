"""Circuits are changed by hand with a reason, over any state of a running fleet."""

from functools import partial

import pytest

from tests.support.breaker_processes import NAME, Process
from vigil.errors import Conflict, Forbidden, NotFound
from vigil.operations.circuit_breakers.service import Circuits, CircuitUser
from vigil.outbound.breakers.telling import tell_own

OPERATOR = CircuitUser("_operators", "operator:k", is_operator=True)
ADMIN = CircuitUser("acme", "admin:k", is_operator=False)


@pytest.fixture
def process():
    return Process()


@pytest.fixture
def circuits(process):
    return Circuits(process.store, process.observer, partial(tell_own, process.store, process.observer), process.clock)


def test_a_reset_of_an_open_circuit_is_observed_as_closing(circuits, process):
    process.fail()
    circuits.reset(OPERATOR, NAME, "it works")
    assert process.observer.names() == ["opened", "reset", "closed"]


def test_a_reset_of_a_closed_circuit_only_forgets_its_counts(circuits, process):
    process.call(500)
    after = circuits.reset(OPERATOR, NAME, "counts of a test")
    assert (after.state, process.circuit.buckets) == ("closed", {})
    assert process.observer.names() == ["reset"]


def test_a_circuit_opened_by_hand_is_observed_as_opening_once(circuits, process):
    process.call()
    for _ in range(2):
        circuits.open(OPERATOR, NAME, "maintenance")
    assert process.observer.names() == ["forced_open", "opened", "forced_open"]
    assert process.circuit.forced


def test_a_probe_that_runs_during_a_reset_changes_nothing(circuits, process):
    process.fail()
    process.pass_pause()
    permit = process.breakers.breaker(NAME).admit()
    circuits.reset(OPERATOR, NAME, "it works")
    process.breakers.breaker(NAME).settle(permit, failed())
    assert (process.circuit.state, process.circuit.tries) == ("closed", 0)


def failed():
    from vigil.outbound.breakers.verdicts import Failed

    return Failed()


def test_a_change_is_repeated_after_a_lost_race(circuits, process, monkeypatch):
    process.call()
    real, races = process.store.change, [1, 1, 1]
    monkeypatch.setattr(process.store, "change", lambda *change: not races.pop() if races else real(*change))
    assert circuits.open(OPERATOR, NAME, "maintenance").forced
    monkeypatch.setattr(process.store, "change", lambda *_: False)
    with pytest.raises(Conflict):
        circuits.reset(OPERATOR, NAME, "it works")


def test_only_operators_change_circuits_of_the_deployment(circuits, process):
    process.call()
    with pytest.raises(Forbidden):
        circuits.open(ADMIN, NAME, "maintenance")
    assert circuits.get(ADMIN, NAME).id.tenant_id is None


def test_a_tenant_changes_its_own_endpoints(circuits, process):
    process.call(name="webhook:1", tenant="acme")
    assert circuits.open(ADMIN, "webhook:1", "broken receiver").id.tenant_id == "acme"
    with pytest.raises(NotFound):
        circuits.get(CircuitUser("globex", "admin:k", is_operator=False), "webhook:1")


def test_lists_have_the_deployment_first_and_then_the_tenant(circuits, process):
    process.call(name="webhook:1", tenant="acme")
    for name in ("slack", NAME):
        process.call(name=name)
    assert [each.id.name for each in circuits.list_all(ADMIN)] == [NAME, "slack", "webhook:1"]
    assert [each.id.name for each in circuits.list_all(OPERATOR)] == [NAME, "slack"]
