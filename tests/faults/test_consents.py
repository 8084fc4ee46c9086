"""A withdrawal of consent takes effect with its answer, also for parallel scoring."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.fakes.scoring import FakeModels, VisitCount
from tests.support.fakes.tenant_keys import tenant_key
from tests.support.ledgers import ledger
from vigil.decisions.scoring.model import Conditions, ScoreRequest
from vigil.decisions.scoring.service import Scoring
from vigil.errors import ConsentWithdrawn
from vigil.privacy.persons.consents_store import DynamoConsents
from vigil.privacy.persons.model import Consent, Declaration
from vigil.privacy.persons.store import PersonTable

CLIENTS = 32


def now():
    return datetime.now(UTC)


@pytest.mark.parametrize("quota", [None, 100_000])
def test_a_score_started_after_an_answered_withdrawal_is_refused(bed, quota):
    decisions, usage, subjects = (bed.table(name) for name in ("Decisions", "Usage", "Subjects"))
    consents = DynamoConsents(PersonTable(bed.client("dynamodb"), subjects))
    withdrawn, late, made = threading.Event(), [], []

    def score_on(client):
        """Score until refused. Record the scores that started after the answered withdrawal."""
        rows = ledger(bed.client("dynamodb"), decisions, usage, subjects=subjects)
        scoring = Scoring(FakeModels(), VisitCount, rows, now, timedelta(hours=24), keys=tenant_key)
        request = ScoreRequest("toy", "jane", features={"age": client})
        while True:
            known = withdrawn.is_set()
            try:
                outcome = scoring.score("acme", request, conditions=Conditions(quota, consents=True))
            except ConsentWithdrawn:
                return
            made.append(outcome.row.decision_id)
            late.extend([outcome.row.decision_id] if known else [])

    with ThreadPoolExecutor(CLIENTS) as pool:
        scoring = [pool.submit(score_on, client) for client in range(CLIENTS)]
        while len(made) < CLIENTS:
            assert not any(each.done() for each in scoring)
        said = Declaration({"scoring": "withdrawn"}, "v1", "subject", "then", "then", "key")
        assert consents.add("acme", tenant_key("acme").pseudonym("jane"), Consent(), said)
        withdrawn.set()
        for each in scoring:
            each.result()
    assert late == []
    assert {item["decision_id"]["S"] for item in bed.items(decisions)} == set(made)
    assert consents.withdrawn("acme") == {said_pk.partition("#")[2] for said_pk in _pks(bed, subjects)}


def _pks(bed, table):
    return {item["pk"]["S"] for item in bed.items(table)}
