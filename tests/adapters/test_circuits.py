"""The contract of the store of circuits, for the fake and for DynamoDB."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.fakes.circuits import FakeCircuitStore
from vigil.errors import Unavailable
from vigil.outbound.breakers.model import Circuit, CircuitChange, CircuitId, Counts, bucket_of
from vigil.outbound.breakers.store import DynamoCircuits

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BUCKET = bucket_of(NOW)
VENDOR, ENDPOINT = CircuitId("opsgenie:eu"), CircuitId("webhook:w-1", "acme")
PAUSE = timedelta(seconds=10)
CHANGE = CircuitChange("forced_open", "operator:k", "Maintenance at the vendor", NOW)


@pytest.fixture(params=["fake", "dynamodb"])
def circuits(request):
    if request.param == "fake":
        return FakeCircuitStore()
    return DynamoCircuits(request.getfixturevalue("aws")("dynamodb"), "limits")


def test_a_circuit_without_an_item_is_closed(circuits):
    for circuit_id in (VENDOR, ENDPOINT):
        assert circuits.get(circuit_id) == Circuit(circuit_id)
        assert circuits.find(circuit_id) is None
    assert list(circuits.page(None)) == []


def test_counts_add_up_and_are_returned_with_the_state(circuits):
    seen = circuits.get(VENDOR)
    circuits.record(seen, BUCKET, Counts(3, 1, 1, 2))
    stored = circuits.record(seen, BUCKET, Counts(2, 2))
    assert stored.buckets == {BUCKET: Counts(5, 3, 1)}
    assert stored.totals == Counts(5, 3, 1, 2)
    assert circuits.get(VENDOR) == circuits.find(VENDOR) == stored


def test_two_buckets_are_stored(circuits):
    stored = circuits.get(VENDOR)
    for place in range(5):
        stored = circuits.record(stored, BUCKET + place, Counts(1, 1))
    assert {*stored.buckets} == {BUCKET + 3, BUCKET + 4}
    assert stored.totals == Counts(5, 5)


def test_counts_of_another_epoch_are_dropped_and_its_state_returned(circuits):
    early = circuits.get(VENDOR)
    opened = early.open(NOW, PAUSE)
    assert circuits.change(early, opened)
    assert circuits.record(early, BUCKET, Counts(0, 9)) == opened
    assert circuits.get(VENDOR) == opened


def test_counts_do_not_survive_a_transition(circuits):
    stored = circuits.record(circuits.get(VENDOR), BUCKET, Counts(0, 9))
    circuits.change(stored, stored.open(NOW, PAUSE))
    stored = circuits.get(VENDOR)
    assert (stored.buckets, stored.totals) == ({}, Counts(0, 9))


def test_of_two_transitions_from_one_state_one_is_stored(circuits):
    circuit = circuits.get(VENDOR)
    first, second = circuit.open(NOW, PAUSE), circuit.open(NOW, 2 * PAUSE)
    assert circuits.change(circuit, first)
    assert not circuits.change(circuit, second)
    assert circuits.get(VENDOR) == first


def test_every_state_is_read_back_complete(circuits):
    circuit = circuits.get(ENDPOINT)
    steps = [
        lambda c: c.open(NOW, PAUSE),
        lambda c: c.claim_probe(NOW + PAUSE),
        lambda c: c.fail_probe(NOW, PAUSE),
        lambda c: c.claim_probe(NOW + PAUSE),
        lambda c: c.answer_probe(NOW),
        lambda c: c.force_open(CHANGE),
        lambda c: c.reset(replace(CHANGE, name="reset")),
    ]
    for step in steps:
        after = step(circuit)
        assert circuits.change(circuit, after, Counts(1))
        circuit = circuits.get(ENDPOINT)
        assert circuit == replace(after, totals=circuit.totals)
    assert circuit.totals == Counts(7)


def test_one_of_two_processes_claims_an_untold_transition(circuits):
    circuit = circuits.get(VENDOR)
    assert circuits.change(circuit, circuit.open(NOW, PAUSE))
    (transition,) = circuits.get(VENDOR).untold
    until = transition.retell_at + PAUSE
    assert circuits.claim_telling(VENDOR, transition, until)
    assert not circuits.claim_telling(VENDOR, transition, until + PAUSE)
    assert circuits.get(VENDOR).untold == (replace(transition, retell_at=until),)


def test_a_told_transition_is_not_claimed_and_its_second_end_is_no_error(circuits):
    circuit = circuits.get(ENDPOINT)
    circuits.change(circuit, circuit.open(NOW, PAUSE))
    opened = circuits.get(ENDPOINT)
    circuits.change(opened, opened.reset(CHANGE))
    first, second = circuits.get(ENDPOINT).untold
    for _ in range(2):
        circuits.end_telling(ENDPOINT, first)
    assert circuits.get(ENDPOINT).untold == (second,)
    assert not circuits.claim_telling(ENDPOINT, first, NOW + PAUSE)
    circuits.end_telling(CircuitId("slack"), first)
    assert circuits.find(CircuitId("slack")) is None


def test_the_later_pause_of_a_vendor_wins(circuits):
    circuits.throttle(VENDOR, NOW + PAUSE)
    circuits.throttle(VENDOR, NOW)
    assert circuits.get(VENDOR).throttled_until == NOW + PAUSE


def test_a_transition_keeps_a_pause_that_it_has_not_seen(circuits):
    circuit = circuits.get(VENDOR)
    circuits.throttle(VENDOR, NOW)
    assert circuits.change(circuit, circuit.open(NOW, PAUSE))
    stored = circuits.get(VENDOR)
    assert stored.throttled_until == NOW
    circuits.change(stored, stored.reset(CHANGE))
    assert circuits.get(VENDOR).throttled_until is None


def test_circuits_of_the_deployment_and_of_tenants_are_listed_apart(circuits):
    for circuit_id in (VENDOR, CircuitId("slack"), ENDPOINT, CircuitId("webhook:w-1", "globex")):
        circuits.record(circuits.get(circuit_id), BUCKET, Counts(1))
    assert [circuit.id for circuit in circuits.page(None)] == [VENDOR, CircuitId("slack")]
    assert [circuit.id for circuit in circuits.page("acme")] == [ENDPOINT]
    assert list(circuits.page("initech")) == []


def test_only_circuits_of_tenants_expire(dynamodb):
    circuits = DynamoCircuits(dynamodb, "limits")
    for circuit_id in (VENDOR, ENDPOINT):
        circuits.record(circuits.get(circuit_id), BUCKET, Counts(1))
    ends = {item["sk"]["S"]: item.get("expires_at") for item in dynamodb.scan(TableName="limits")["Items"]}
    assert ends == {"opsgenie:eu": None, "webhook:w-1": {"N": str(int(NOW.timestamp()) + 30 * 86_400)}}


class AnswerLost:
    """Client whose first update arrives, but not its answer. The client below repeats it, as in production."""

    def __init__(self, client):
        self._client = client

    def update_item(self, **arguments):
        self._client.update_item(**arguments)
        return self._client.update_item(**arguments)


def test_a_transition_whose_answer_was_lost_is_known_as_stored(dynamodb):
    circuits = DynamoCircuits(AnswerLost(dynamodb), "limits")
    circuit = Circuit(VENDOR)
    assert circuits.change(circuit, circuit.open(NOW, PAUSE))


def test_a_missing_table_is_unavailable(dynamodb):
    circuits = DynamoCircuits(dynamodb, "missing")
    with pytest.raises(Unavailable):
        circuits.get(VENDOR)
