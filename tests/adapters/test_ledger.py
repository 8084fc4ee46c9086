"""The ledger contract, for the fake and for DynamoDB."""

import json
from dataclasses import replace

import pytest

from tests.support.fakes.scoring import FakeLedger
from tests.support.fakes.tenant_keys import tenant_key
from tests.support.ledger_rows import ledger_row as row
from tests.support.ledgers import ledger as ledger_on
from vigil.errors import Unavailable


@pytest.fixture(params=["fake", "dynamodb"])
def ledger(request):
    if request.param == "fake":
        return FakeLedger()
    return ledger_on(request.getfixturevalue("aws")("dynamodb"))


@pytest.mark.parametrize("number", [0, 1], ids=["plain", "high risk, compared"])
def test_a_row_is_written_once_and_read_back_complete(ledger, number):
    assert ledger.commit(row(number)) is None
    assert ledger.get("acme", row(number).decision_id) == row(number)


def test_a_second_commit_returns_the_first_row_and_changes_nothing(ledger):
    ledger.commit(row())
    assert ledger.commit(replace(row(), body="other", nonce="n-x")) == row()
    assert ledger.get("acme", row().decision_id) == row()


def test_a_decision_belongs_to_its_tenant(ledger):
    ledger.commit(row())
    assert ledger.get("globex", row().decision_id) is None
    assert ledger.commit(row(tenant="globex")) is None


@pytest.mark.parametrize(("subject", "expected"), [(None, [4, 3, 2, 1, 0]), ("p-0", [4, 2, 0]), ("nobody", [])])
def test_pages_are_newest_first_and_complete(ledger, subject, expected):
    for number in range(5):
        ledger.commit(row(number, subject=f"p-{number % 2}"))
    ledger.commit(row(9, tenant="globex", subject="p-0"))
    seen, after = [], None
    while True:
        page = ledger.page("acme", subject and tenant_key("acme").pseudonym(subject), after, 2)
        seen += [json.loads(summary)["n"] for summary in page.summaries]
        if not (after := page.next):
            break
    assert seen == expected


def test_keys_contain_no_subject_ids(aws):
    ledger_on(aws("dynamodb")).commit(row(subject="jane-roe"))
    item = aws("dynamodb").scan(TableName="decisions")["Items"][0]
    assert not [name for name in ("pk", "tenant_pk", "subject_pk", "time_sk") if "jane-roe" in item[name]["S"]]


def test_a_ledger_without_a_response_is_unavailable(aws):
    ledger = ledger_on(aws("dynamodb"), "no-such-table")
    for call in (lambda: ledger.commit(row()), lambda: ledger.get("a", "b"), lambda: ledger.page("a", None, None, 1)):
        with pytest.raises(Unavailable):
            call()
