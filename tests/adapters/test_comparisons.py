"""Tests of stored comparisons of champion and challenger, by version and shard."""

from dataclasses import replace

import pytest

from tests.support.ledgers import ledger as ledger_on
from vigil.decisions.scoring.model import LedgerRow
from vigil.errors import Unavailable
from vigil.kernel.rows import ModelRef
from vigil.prediction.trials.model import SHARDS, Comparison, ModelAnswer
from vigil.prediction.trials.store import DynamoComparisons


def compared(number, challenger=2, tenant="acme"):
    """Return a ledger row with a comparison of version 1 and the challenger."""
    return LedgerRow(
        tenant_id=tenant,
        decision_id=f"dec_{number:031d}{SHARDS[number % 32]}",
        subject_id=f"p-{number}",
        subject=f"sub-{number:040}",
        model=ModelRef("toy", 1, "sha256:aa"),
        fingerprint="f",
        correlation_id=f"c-{number}",
        nonce=f"n-{tenant}-{challenger}-{number}",
        created_at=f"2026-03-01T12:00:{number % 60:02d}.000000Z",
        expires_at=1_800_000_000,
        inputs='{"age":40}',
        body='{"probability":0.5}',
        summary="{}",
        high_risk=False,
        comparison=Comparison(ModelAnswer(1, 0.5, "wait"), ModelAnswer(challenger, number / 1000, "call")),
    )


@pytest.fixture
def client(aws):
    return aws("dynamodb")


def test_only_comparisons_of_the_two_versions_are_returned(client):
    ledger = ledger_on(client)
    rows = [compared(number) for number in range(64)]
    others = compared(70, challenger=3), compared(3, tenant="globex"), replace(compared(71), comparison=None)
    for row in (*rows, *others):
        ledger.commit(row)
    found = DynamoComparisons(client, "decisions").recent("toy", 1, 2, 1000)
    assert len(found) == 65
    assert {pair.comparison for pair in found} == {row.comparison for row in rows}
    assert len({pair.subject for pair in found}) == 65
    assert not [pair for pair in found if "p-" in pair.subject]


def test_the_newest_comparisons_up_to_the_limit_are_returned(client):
    ledger = ledger_on(client)
    for number in (0, 32):
        ledger.commit(compared(number))
    (pair,) = DynamoComparisons(client, "decisions").recent("toy", 1, 2, 32)
    assert pair.comparison == compared(32).comparison
    (pair,) = DynamoComparisons(client, "decisions").oldest("toy", 1, 2, 32)
    assert pair.comparison == compared(0).comparison
    assert pair.decision == f"acme#{compared(0).decision_id}"


def test_a_failing_ledger_is_unavailable(client):
    with pytest.raises(Unavailable):
        DynamoComparisons(client, "no-such-table").recent("toy", 1, 2, 10)
