"""The contract of idempotency claim stores, tested against the fake and DynamoDB."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from botocore.exceptions import EndpointConnectionError

from tests.support.aws_calls import fail_calls, replace_calls
from tests.support.fakes.claims import FakeClaimStore
from vigil.errors import IdempotencyKeyReused, InProgress, MalformedRequest, Unavailable
from vigil.web.idempotency import Claim, IdempotentRequest, StoredResponse
from vigil.web.idempotency_store import GRACE_SECONDS, DynamoClaimStore

DAY = timedelta(hours=24)
REQUEST = IdempotentRequest("acme", "POST /v1/keys", "k-1", ["/v1/keys", "", {"name": "a-label-of-a-key"}])
RESPONSE = StoredResponse(201, {"location": "/v1/keys/1"}, '{"key":"vgl_local_secret"}')
ENDED = -GRACE_SECONDS - 1
"""Seconds of a lease that has already ended: its owner was killed or is slow."""


def request_with(tenant="acme", operation="POST /v1/keys", key="k-1", payload=REQUEST.payload):
    return IdempotentRequest(tenant, operation, key, payload)


@pytest.fixture(params=["fake", "dynamodb"])
def claims(request):
    if request.param == "fake":
        return FakeClaimStore()
    return DynamoClaimStore(request.getfixturevalue("dynamodb"), "idempotency", DAY)


def test_a_stored_response_is_returned_unchanged(claims):
    claim = claims.claim(REQUEST, 10)
    assert isinstance(claim, Claim)
    assert claims.complete(claim, RESPONSE)
    assert claims.claim(request_with(), 10) == RESPONSE


@pytest.mark.parametrize("number", [17, 17.0])
def test_equal_numbers_are_one_payload(claims, number):
    claim = claims.claim(request_with(payload=["/v1/keys", "", {"days": [17]}]), 10)
    assert claims.complete(claim, RESPONSE)
    assert claims.claim(request_with(payload=["/v1/keys", "", {"days": [number]}]), 10) == RESPONSE
    for other in (17.5, "17", True):
        with pytest.raises(IdempotencyKeyReused):
            claims.claim(request_with(payload=["/v1/keys", "", {"days": [other]}]), 10)


def test_conditional_headers_are_part_of_the_payload(claims):
    keyed = replace(REQUEST, conditions={"if-match": '"3"'})
    assert claims.complete(claims.claim(keyed, 10), RESPONSE)
    assert claims.claim(keyed, 10) == RESPONSE
    for conditions in ({}, {"if-match": '"4"'}, {"if-none-match": '"3"'}):
        with pytest.raises(IdempotencyKeyReused):
            claims.claim(replace(REQUEST, conditions=conditions), 10)


def test_a_claim_is_exclusive_until_it_is_released(claims):
    claim = claims.claim(REQUEST, 10)
    with pytest.raises(InProgress):
        claims.claim(request_with(), 10)
    claims.release(claim)
    assert isinstance(claims.claim(request_with(), 10), Claim)


@pytest.mark.parametrize("is_completed", [False, True])
def test_another_payload_is_rejected_before_and_after_the_response(claims, is_completed):
    claim = claims.claim(REQUEST, 10)
    assert not is_completed or claims.complete(claim, RESPONSE)
    with pytest.raises(IdempotencyKeyReused):
        claims.claim(request_with(payload=["/v1/keys", "", {"name": "cd"}]), 10)


@pytest.mark.parametrize(
    "other", [request_with(tenant="globex"), request_with(operation="POST /v1/outcomes"), request_with(key="k-2")]
)
def test_tenants_operations_and_keys_are_independent(claims, other):
    claims.complete(claims.claim(REQUEST, 10), RESPONSE)
    assert isinstance(claims.claim(other, 10), Claim)


def test_the_claim_of_a_killed_owner_ends_with_its_lease(claims):
    claims.claim(REQUEST, ENDED)
    claim = claims.claim(request_with(), 10)
    assert isinstance(claim, Claim)
    assert claims.complete(claim, RESPONSE)
    assert claims.claim(request_with(), 10) == RESPONSE


def test_a_superseded_owner_can_neither_complete_nor_release(claims):
    slow = claims.claim(REQUEST, ENDED)
    claim = claims.claim(request_with(), 10)
    assert not claims.complete(slow, StoredResponse(201, {}, "late"))
    claims.release(slow)
    with pytest.raises(InProgress):
        claims.claim(request_with(), 10)
    claims.complete(claim, RESPONSE)
    claims.release(slow)
    assert claims.claim(request_with(), 10) == RESPONSE


def test_a_response_without_a_body_is_stored(claims):
    short = StoredResponse(201, {}, None)
    claims.complete(claims.claim(REQUEST, 10), short)
    assert claims.claim(request_with(), 10) == short


def test_key_and_response_are_not_stored_in_clear_text(dynamodb):
    claims = DynamoClaimStore(dynamodb, "idempotency", DAY)
    claims.complete(claims.claim(request_with(key="the-callers-own-key"), 10), RESPONSE)
    (item,) = dynamodb.scan(TableName="idempotency")["Items"]
    text = json.dumps(item)
    assert item["pk"] == {"S": "acme"}
    for clear in ("the-callers-own-key", "vgl_local_secret", "/v1/keys/1", "a-label-of-a-key"):
        assert clear not in text.replace("POST /v1/keys", "")


def test_a_record_expires_after_the_window(dynamodb):
    claims = DynamoClaimStore(dynamodb, "idempotency", -DAY)
    claims.complete(claims.claim(REQUEST, 10), RESPONSE)
    assert isinstance(claims.claim(request_with(), 10), Claim)


def test_a_put_repeated_after_a_lost_answer_is_the_same_claim(dynamodb, monkeypatch):
    def twice(make, service, operation, arguments):
        if operation == "PutItem":
            make(operation, arguments)
        return make(operation, arguments)

    replace_calls(monkeypatch, twice, dynamodb)
    assert isinstance(DynamoClaimStore(dynamodb, "idempotency", DAY).claim(REQUEST, 10), Claim)


def test_without_the_table_no_claim_or_response_is_stored(dynamodb, monkeypatch):
    claims = DynamoClaimStore(dynamodb, "idempotency", DAY)
    claim = claims.claim(REQUEST, 10)
    fail_calls(monkeypatch, EndpointConnectionError(endpoint_url="x"), dynamodb)
    with pytest.raises(Unavailable):
        claims.claim(request_with(key="k-2"), 10)
    assert not claims.complete(claim, RESPONSE)
    claims.release(claim)


def test_a_deeply_nested_payload_is_malformed(dynamodb):
    deep = []
    for _ in range(5000):
        deep = [deep]
    with pytest.raises(MalformedRequest):
        DynamoClaimStore(dynamodb, "idempotency", DAY).claim(request_with(payload=deep), 10)
