"""A transaction is carried out, refused for the reason of each part, or tried again while others are in the way."""

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


def told(code):
    return ClientError({"Error": {"Code": code}}, "TransactWriteItems")


class Client:
    """Answers from a list, the last one for ever."""

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


def carry_out(client):
    pauses = []
    return transact(client, "token", PARTS, pauses.append), pauses


@pytest.mark.parametrize(
    "obstacle",
    [
        canceled("TransactionConflict", "None"),
        canceled("None", "ThrottlingError"),
        canceled("ProvisionedThroughputExceeded", "None"),
        canceled("ConditionalCheckFailed", "TransactionConflict"),
        told("ThrottlingException"),
        told("TransactionInProgressException"),
    ],
    ids=str,
)
def test_what_is_in_the_way_for_a_moment_is_tried_again_under_the_same_token(obstacle):
    client = Client(obstacle, obstacle, None)
    reasons, pauses = carry_out(client)
    assert reasons is None
    assert client.tokens == ["token"] * 3
    assert len(pauses) == 2


def test_what_stays_in_the_way_is_given_up_in_bounded_time():
    client, pauses = Client(canceled("TransactionConflict", "None")), []
    with pytest.raises(Unavailable):
        transact(client, "token", PARTS, pauses.append)
    assert len(client.tokens) == 8
    assert sum(pauses) <= 0.02 + 0.04 + 0.08 + 0.16 + 3 * 0.2


def test_a_condition_that_is_not_met_is_told_part_by_part():
    reasons, pauses = carry_out(Client(canceled("None", "ConditionalCheckFailed")))
    assert [reason["Code"] for reason in reasons] == ["None", "ConditionalCheckFailed"]
    assert pauses == []


@pytest.mark.parametrize(
    "error",
    [canceled("ValidationError", "None"), told("AccessDeniedException"), EndpointConnectionError(endpoint_url="")],
    ids=str,
)
def test_anything_else_is_unavailable_at_once(error):
    client = Client(error)
    with pytest.raises(Unavailable):
        carry_out(client)
    assert len(client.tokens) == 1


def test_the_token_names_the_parts():
    assert request_token(PARTS) == request_token([dict(part) for part in PARTS])
    assert request_token(PARTS) != request_token(PARTS[:1])
    assert len(request_token(PARTS)) == 36


def test_items_of_one_moment_are_waited_for_while_they_are_being_written():
    client, pauses = Client(canceled("None", "TransactionConflict"), told("ThrottlingException"), None), []
    assert transact_get(client, "table", [{"pk": {"S": "a"}}, {}], pauses.append) == [{"pk": {"S": "a"}}, {}]
    assert (len(client.tokens), len(pauses)) == (3, 2)


@pytest.mark.parametrize("error", [told("AccessDeniedException"), EndpointConnectionError(endpoint_url="")], ids=str)
def test_items_that_cannot_be_read_are_unavailable(error):
    with pytest.raises(Unavailable):
        transact_get(Client(error), "table", [{}])
