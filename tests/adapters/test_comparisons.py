"""What champion and challenger said is found again by their versions, newest first, at every shard."""

from dataclasses import replace

import pytest

from tests.support.ledgers import ledger as ledger_on
from tests.support.ledgers import ledger_row as row
from vigil.errors import Unavailable
from vigil.prediction.trials.model import SHARDS, Answer, Comparison
from vigil.prediction.trials.store import DynamoComparisons


def compared(number, challenger=2, tenant="acme"):
    comparison = Comparison(Answer(1, 0.5, "wait"), Answer(challenger, number / 1000, "call"))
    plain = row(number % 60, tenant=tenant, subject=f"p-{number}")
    return replace(plain, decision_id=f"dec_{number:031d}{SHARDS[number % 32]}", comparison=comparison)


@pytest.fixture
def client(aws):
    return aws("dynamodb")


def test_comparisons_of_two_versions_come_back_from_every_shard_and_no_others_do(client):
    ledger = ledger_on(client)
    rows = [compared(number) for number in range(64)]
    for kept in (*rows, compared(70, challenger=3), compared(3, tenant="globex"), replace(row(9), comparison=None)):
        ledger.commit(kept)
    found = DynamoComparisons(client, "decisions").recent("toy", 1, 2, 1000)
    assert len(found) == 65
    assert {pair.comparison for pair in found} == {kept.comparison for kept in rows}
    assert len({pair.subject for pair in found}) == 65
    assert not [pair for pair in found if "p-" in pair.subject]


def test_no_more_than_the_limit_is_read_and_the_newest_of_a_shard_come_first(client):
    ledger = ledger_on(client)
    for number in (0, 32):
        ledger.commit(compared(number))
    (pair,) = DynamoComparisons(client, "decisions").recent("toy", 1, 2, 32)
    assert pair.comparison == compared(32).comparison


def test_a_ledger_that_does_not_answer_is_unavailable(client):
    with pytest.raises(Unavailable):
        DynamoComparisons(client, "no-such-table").recent("toy", 1, 2, 10)
