"""The contract of claims on idempotency keys, held by the fake and by DynamoDB alike."""

import json
from datetime import timedelta

import pytest
from botocore.exceptions import EndpointConnectionError

from tests.support.fakes.claims import FakeClaimStore
from vigil.errors import IdempotencyKeyReused, InProgress, MalformedRequest, Unavailable
from vigil.web.idempotency import Claim, IdempotentRequest, StoredResponse
from vigil.web.idempotency_store import GRACE_SECONDS, DynamoClaimStore

DAY = timedelta(hours=24)
USE = IdempotentRequest("acme", "POST /v1/keys", "k-1", ["/v1/keys", "", {"name": "ci"}])
ANSWER = StoredResponse(201, {"location": "/v1/keys/1"}, '{"key":"vgl_local_secret"}')
ENDED = -GRACE_SECONDS - 1
"""A lease that has ended already: its owner was killed, or is slow."""


def used(tenant="acme", operation="POST /v1/keys", key="k-1", payload=USE.payload):
    return IdempotentRequest(tenant, operation, key, payload)


@pytest.fixture(params=["fake", "dynamodb"])
def claims(request):
    if request.param == "fake":
        return FakeClaimStore()
    return DynamoClaimStore(request.getfixturevalue("dynamodb"), "idempotency", DAY)


def test_a_kept_answer_is_given_whole(claims):
    claim = claims.claim(USE, 10)
    assert isinstance(claim, Claim)
    assert claims.complete(claim, ANSWER)
    assert claims.claim(used(), 10) == ANSWER


def test_a_claim_keeps_others_away_until_it_is_given_back(claims):
    claim = claims.claim(USE, 10)
    with pytest.raises(InProgress):
        claims.claim(used(), 10)
    claims.release(claim)
    assert isinstance(claims.claim(used(), 10), Claim)


@pytest.mark.parametrize("kept", [False, True])
def test_another_payload_is_refused_before_and_after_the_answer(claims, kept):
    claim = claims.claim(USE, 10)
    assert not kept or claims.complete(claim, ANSWER)
    with pytest.raises(IdempotencyKeyReused):
        claims.claim(used(payload=["/v1/keys", "", {"name": "cd"}]), 10)


@pytest.mark.parametrize("other", [used(tenant="globex"), used(operation="POST /v1/outcomes"), used(key="k-2")])
def test_tenants_operations_and_keys_are_apart(claims, other):
    claims.complete(claims.claim(USE, 10), ANSWER)
    assert isinstance(claims.claim(other, 10), Claim)


def test_the_claim_of_an_owner_that_was_killed_ends_and_the_next_one_works(claims):
    claims.claim(USE, ENDED)
    claim = claims.claim(used(), 10)
    assert isinstance(claim, Claim)
    assert claims.complete(claim, ANSWER)
    assert claims.claim(used(), 10) == ANSWER


def test_an_owner_that_was_overtaken_can_neither_answer_nor_give_back(claims):
    slow = claims.claim(USE, ENDED)
    claim = claims.claim(used(), 10)
    assert not claims.complete(slow, StoredResponse(201, {}, "late"))
    claims.release(slow)
    with pytest.raises(InProgress):
        claims.claim(used(), 10)
    claims.complete(claim, ANSWER)
    claims.release(slow)
    assert claims.claim(used(), 10) == ANSWER


def test_an_answer_without_a_body_is_kept(claims):
    short = StoredResponse(201, {}, None)
    claims.complete(claims.claim(USE, 10), short)
    assert claims.claim(used(), 10) == short


def test_nothing_of_key_or_answer_lies_in_the_clear(dynamodb):
    claims = DynamoClaimStore(dynamodb, "idempotency", DAY)
    claims.complete(claims.claim(used(key="the-callers-own-key"), 10), ANSWER)
    (item,) = dynamodb.scan(TableName="idempotency")["Items"]
    text = json.dumps(item)
    assert item["pk"] == {"S": "acme"}
    for clear in ("the-callers-own-key", "vgl_local_secret", "/v1/keys/1", "ci"):
        assert clear not in text.replace("POST /v1/keys", "")


def test_a_record_ends_after_a_day(dynamodb):
    claims = DynamoClaimStore(dynamodb, "idempotency", -DAY)
    claims.complete(claims.claim(USE, 10), ANSWER)
    assert isinstance(claims.claim(used(), 10), Claim)


def test_a_put_that_is_repeated_because_its_answer_was_lost_is_ones_own(dynamodb, monkeypatch):
    original = dynamodb._make_api_call

    def twice(operation, arguments):
        if operation == "PutItem":
            original(operation, arguments)
        return original(operation, arguments)

    monkeypatch.setattr(dynamodb, "_make_api_call", twice)
    assert isinstance(DynamoClaimStore(dynamodb, "idempotency", DAY).claim(USE, 10), Claim)


def test_a_table_that_does_not_answer_claims_and_keeps_nothing(dynamodb, monkeypatch):
    claims = DynamoClaimStore(dynamodb, "idempotency", DAY)
    claim = claims.claim(USE, 10)

    def away(*_):
        raise EndpointConnectionError(endpoint_url="x")

    monkeypatch.setattr(dynamodb, "_make_api_call", away)
    with pytest.raises(Unavailable):
        claims.claim(used(key="k-2"), 10)
    assert not claims.complete(claim, ANSWER)
    claims.release(claim)


def test_a_payload_that_is_too_deep_to_compare_is_malformed(dynamodb):
    deep = []
    for _ in range(5000):
        deep = [deep]
    with pytest.raises(MalformedRequest):
        DynamoClaimStore(dynamodb, "idempotency", DAY).claim(used(payload=deep), 10)
