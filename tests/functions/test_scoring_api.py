"""The scoring function, wired as it is deployed: real model, real stores, events in and answers out."""

import json
from datetime import timedelta

import pytest

from tests.functions.conftest import publish
from tests.gateway import Context, event
from vigil import bootstrap

BODY = {"model": "toy", "subject_id": "p-1", "features": {"age": 80, "stage": "III"}, "explain": True}


@pytest.fixture
def api(published):
    from functions.scoring_api.handler import lambda_handler

    def call(method, path, **kwargs):
        answer = lambda_handler(event(method, path, **kwargs), Context())
        return answer["statusCode"], answer["headers"], json.loads(answer["body"])

    return call


@pytest.fixture
def aws_calls(api):
    """Every AWS call of the API's own clients, as `Service.Operation`."""
    calls = []
    api("GET", "/health/readiness")  # cold start: models loaded, clients made
    for service in ("dynamodb", "s3", "secretsmanager"):
        events = bootstrap._client(service).meta.events
        events.register("before-call", lambda model, **_: calls.append(model.name))
    return calls


def test_a_warm_score_is_one_aws_call(api, aws_calls):
    assert api("POST", "/v1/scores", body=BODY, headers={"Idempotency-Key": "k"})[0] == 201
    assert aws_calls == ["PutItem"]
    assert api("POST", "/v1/scores", body=BODY, headers={"Idempotency-Key": "k"})[0] == 200
    assert aws_calls == ["PutItem", "PutItem"]


def test_a_refused_request_makes_no_aws_call(api, aws_calls):
    assert api("POST", "/v1/scores", body=BODY | {"features": {"age": 400}})[0] == 422
    assert aws_calls == []


def test_score_get_list_and_replay_agree(api):
    status, headers, scored = api("POST", "/v1/scores", body=BODY)
    assert status == 201
    total = scored["base_value"] + sum(reason["contribution"] for reason in scored["explanation"])
    assert abs(total - scored["raw_score"]) < 1e-9
    path = headers["location"].removeprefix("/local")
    assert api("GET", path)[2] == scored
    listed = api("GET", "/v1/scores", query={"subject_id": "p-1"})[2]
    assert [item["decision_id"] for item in listed["items"]] == [scored["decision_id"]]
    row, again = bootstrap.scoring().replay("acme", scored["decision_id"])
    assert again == row.body


def test_a_promotion_reaches_a_warm_instance_within_a_minute_and_old_decisions_still_replay(
    api, published, trained, monkeypatch
):
    first = api("POST", "/v1/scores", body=BODY)[2]
    publish(published, trained, 2)
    assert api("POST", "/v1/scores", body=BODY)[2]["model"]["version"] == 1
    registry = bootstrap.registry()
    now = registry._clock
    monkeypatch.setattr(registry, "_clock", lambda: now() + timedelta(seconds=61))
    assert api("POST", "/v1/scores", body=BODY)[2]["model"]["version"] == 2
    row, again = bootstrap.scoring().replay("acme", first["decision_id"])
    assert (row.model.version, again) == (1, row.body)


def test_a_flipped_byte_in_a_new_package_keeps_the_old_model_and_says_so(api, published, trained, monkeypatch):
    import boto3

    api("POST", "/v1/scores", body=BODY)
    publish(published, trained, 2)
    s3, key = boto3.client("s3"), "toy/00000002/linear.txt"
    content = bytearray(s3.get_object(Bucket="packages", Key=key)["Body"].read())
    content[100] ^= 1
    s3.put_object(Bucket="packages", Key=key, Body=bytes(content))
    registry = bootstrap.registry()
    now = registry._clock
    monkeypatch.setattr(registry, "_clock", lambda: now() + timedelta(seconds=61))
    status, _, scored = api("POST", "/v1/scores", body=BODY)
    assert (status, scored["model"]["version"]) == (201, 1)
    assert scored["warnings"] == ["model_update_failed:digest_mismatch", "no_calibration"]


def test_models_are_described_with_schema_card_and_digest(api):
    listed = api("GET", "/v1/models")[2]["models"]
    detail = api("GET", "/v1/models/toy")[2]
    assert [model["name"] for model in listed] == ["toy"]
    assert detail["digest"] == listed[0]["digest"] == api("POST", "/v1/scores", body=BODY)[2]["model"]["digest"]
    assert {spec["name"]: spec["unit"] for spec in detail["features"]}["age"] == "years"
    assert detail["card"].startswith("# Toy")
    assert api("GET", "/v1/models/nope")[0] == 404


@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/toy"])
def test_models_are_not_for_anonymous(api, path):
    assert api("GET", path, tenant=None)[0] == 401


def test_health_is_up_with_a_model_and_a_ledger(api):
    checks = api("GET", "/health/detailed")[2]["checks"]
    assert {check["name"]: check["up"] for check in checks} == {"models": True, "ledger": True}


def test_a_second_instance_answers_a_duplicate_with_the_first_ones_bytes(api):
    first = api("POST", "/v1/scores", body=BODY, headers={"Idempotency-Key": "k"})[2]
    bootstrap.scoring_api.cache_clear()
    bootstrap.scoring.cache_clear()
    status, headers, again = api("POST", "/v1/scores", body=BODY, headers={"Idempotency-Key": "k"})
    assert (status, headers["idempotency-replayed"], again) == (200, "true", first)
