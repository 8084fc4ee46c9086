"""A transaction is written, refused with a reason per part, or retried after a temporary conflict."""

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from vigil.aws.transactions import request_token, transact, transact_get
from vigil.errors import Unavailable

PARTS = [{"Put": {"Item": {"pk": {"S": "a"}}}}, {"Update": {}}]


def canceled(*codes):
    reasons = [{"Code": code} for code in codes]
    return ClientError(
        {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons}, "TransactWriteItems"
    )


def failed(code):
    return ClientError({"Error": {"Code": code}}, "TransactWriteItems")


class Client:
    """A client that answers from a list and repeats the last answer."""

    def __init__(self, *answers):
        self.answers, self.tokens = list(answers), []

    def transact_write_items(self, ClientRequestToken, TransactItems):  # noqa: N803 - boto3's names
        return self._answer(ClientRequestToken)

    def transact_get_items(self, TransactItems):  # noqa: N803 - boto3's names
        self._answer("")
        return {"Responses": [{"Item": item["Get"]["Key"]} if item["Get"]["Key"] else {} for item in TransactItems]}

    def _answer(self, token):
        self.tokens.append(token)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer:
            raise answer
        return {}


def run_transaction(client):
    pauses = []
    return transact(client, "token", PARTS, pauses.append), pauses


@pytest.mark.parametrize(
    "obstacle",
    [
        canceled("TransactionConflict", "None"),
        canceled("None", "ThrottlingError"),
        canceled("ProvisionedThroughputExceeded", "None"),
        canceled("ConditionalCheckFailed", "TransactionConflict"),
        failed("ThrottlingException"),
        failed("TransactionInProgressException"),
    ],
    ids=str,
)
def test_a_temporary_conflict_is_retried_with_the_same_token(obstacle):
    client = Client(obstacle, obstacle, None)
    reasons, pauses = run_transaction(client)
    assert reasons is None
    assert client.tokens == ["token"] * 3
    assert len(pauses) == 2


def test_a_lasting_conflict_is_unavailable_in_bounded_time():
    client, pauses = Client(canceled("TransactionConflict", "None")), []
    with pytest.raises(Unavailable):
        transact(client, "token", PARTS, pauses.append)
    assert len(client.tokens) == 8
    assert sum(pauses) <= 0.02 + 0.04 + 0.08 + 0.16 + 3 * 0.2


def test_an_unmet_condition_returns_a_reason_per_part():
    reasons, pauses = run_transaction(Client(canceled("None", "ConditionalCheckFailed")))
    assert [reason["Code"] for reason in reasons] == ["None", "ConditionalCheckFailed"]
    assert pauses == []


@pytest.mark.parametrize(
    "error",
    [canceled("ValidationError", "None"), failed("AccessDeniedException"), EndpointConnectionError(endpoint_url="")],
    ids=str,
)
def test_any_other_error_is_unavailable_at_once(error):
    client = Client(error)
    with pytest.raises(Unavailable):
        run_transaction(client)
    assert len(client.tokens) == 1


def test_the_token_identifies_the_parts():
    assert request_token(PARTS) == request_token([dict(part) for part in PARTS])
    assert request_token(PARTS) != request_token(PARTS[:1])
    assert len(request_token(PARTS)) == 36


def test_a_read_is_retried_during_a_conflicting_write():
    client, pauses = Client(canceled("None", "TransactionConflict"), failed("ThrottlingException"), None), []
    assert transact_get(client, "table", [{"pk": {"S": "a"}}, {}], pauses.append) == [{"pk": {"S": "a"}}, {}]
    assert (len(client.tokens), len(pauses)) == (3, 2)


@pytest.mark.parametrize("error", [failed("AccessDeniedException"), EndpointConnectionError(endpoint_url="")], ids=str)
def test_a_failed_read_is_unavailable(error):
    with pytest.raises(Unavailable):
        transact_get(Client(error), "table", [{}])
