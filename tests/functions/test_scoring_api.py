"""The scoring function as deployed: real model, real stores, HTTP events."""

import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import boto3
import pytest

from tests.support.aws_calls import record_calls
from tests.support.deployments import publish
from tests.support.gateway import Context, event
from vigil.access.tenants.model import TIER_LIMITS
from vigil.bootstrap import decisions, process, stores

BODY = {"model": "toy", "subject_id": "p-1", "features": {"age": 80, "stage": "III"}, "explain": True}


@pytest.fixture
def api(published):
    from functions.scoring_api.handler import lambda_handler

    def call(method, path, **kwargs):
        answer = lambda_handler(event(method, path, **kwargs), Context())
        return answer["statusCode"], answer["headers"], json.loads(answer["body"])

    return call


@pytest.fixture
def stopped(monkeypatch):
    """A fixed clock, so that no rate window ends during a test."""
    now = datetime.now(UTC)
    monkeypatch.setattr(process, "now", lambda: now)


@pytest.fixture
def aws_calls(api, monkeypatch):
    """Record the operation of every AWS call."""
    api("GET", "/health/readiness")  # cold start: models loaded, clients created
    api("GET", "/v1/models")  # the first request of a tenant in a minute leases requests
    stores.tenant_key("acme")  # the first request of a tenant reads its key
    return record_calls(monkeypatch)


@pytest.mark.parametrize(("tier", "commit"), [("ENTERPRISE", "PutItem"), ("FREE", "TransactWriteItems")])
def test_a_warm_score_makes_two_aws_calls(stopped, api, aws_calls, tier, commit):
    assert api("POST", "/v1/scores", body=BODY, headers={"Idempotency-Key": "k"}, tier=tier)[0] == 201
    assert aws_calls == ["UpdateItem", commit]
    assert api("POST", "/v1/scores", body=BODY, headers={"Idempotency-Key": "k"}, tier=tier)[0] == 200
    assert aws_calls == ["UpdateItem", commit] * 2


def test_1000_warm_scores_make_two_aws_calls_each_and_14_leases(stopped, api, aws_calls):
    limits = replace(TIER_LIMITS["ENTERPRISE"], per_minute=6_000, per_hour=60_000, tenant_per_minute=60_000)
    stores.tenant_key("globex")
    aws_calls.clear()
    for _ in range(1_000):
        assert api("POST", "/v1/scores", body=BODY, tenant="globex", **limits.to_context())[0] == 201
    assert Counter(aws_calls) == {"UpdateItem": 1_000 + 14, "PutItem": 1_000}


def test_100_keys_get_the_limit_of_their_tenant(stopped, api):
    answers = Counter(api("GET", "/v1/models", key_id=f"{number % 100:016x}")[0] for number in range(400))
    assert answers == {200: 300, 429: 100}
    status, headers, problem = api("GET", "/v1/models", key_id="f" * 16)
    assert (status, problem["type"]) == (429, "urn:vigil:problem:rate-limited")
    assert problem["violated-policies"] == ["tenant-minute"]
    assert headers["ratelimit"].startswith(f'"tenant-minute";r=0;t={headers["retry-after"]}, "tenant-hour";r=')
    assert api("GET", "/v1/models", tenant="globex")[0] == 200


def test_an_invalid_request_counts_and_makes_no_other_aws_call(stopped, api, aws_calls):
    status, headers, _ = api("POST", "/v1/scores", body=BODY | {"features": {"age": 400}})
    assert status == 422
    assert headers["ratelimit-policy"] == (
        '"minute";q=60;w=60, "hour";q=1000;w=3600, "tenant-minute";q=300;w=60, "tenant-hour";q=5000;w=3600'
    )
    assert aws_calls == ["UpdateItem"]


def test_a_full_month_refuses_new_predictions_but_replays_old_ones(api):
    limits = '{"predictions_per_month":2,"per_minute":60,"per_hour":1000,"storage_gb":10}'
    send = lambda key, body=BODY: api("POST", "/v1/scores", body=body, headers={"Idempotency-Key": key}, limits=limits)  # noqa: E731
    first, second = send("a"), send("b")
    assert [first[0], second[0], send("a")[0]] == [201, 201, 200]
    status, headers, problem = send("c")
    assert (status, problem["type"], problem["violated-policies"]) == (
        429,
        "urn:vigil:problem:quota-exceeded",
        ["month"],
    )
    assert 0 < int(headers["retry-after"]) <= 31 * 86_400
    assert [answer[2] for answer in (send("a"), send("b"))] == [first[2], second[2]]
    assert len(api("GET", "/v1/scores")[2]["items"]) == 2
    assert send("a", BODY | {"explain": False})[0] == 422  # another payload for the key, also with a full month


def test_a_key_over_its_rate_limit_is_refused_first(stopped, api, aws_calls):
    limits = '{"predictions_per_month":null,"per_minute":1,"per_hour":10,"storage_gb":null}'
    while (refused := api("GET", "/v1/models", limits=limits))[0] == 200:
        aws_calls.clear()
    status, headers, problem = refused
    assert (status, problem["type"]) == (429, "urn:vigil:problem:rate-limited")
    assert problem["violated-policies"] == ["minute"]
    assert 1 <= int(headers["retry-after"]) <= 60
    assert headers["ratelimit"].startswith(f'"minute";r=0;t={headers["retry-after"]}, "hour";r=')
    aws_calls.clear()
    assert api("GET", "/v1/models", limits=limits)[0] == 429
    assert aws_calls == []  # the refusal is cached


def test_without_the_limits_table_requests_are_still_answered(api, caplog):
    boto3.client("dynamodb").delete_table(TableName="limits")
    status, headers, _ = api("POST", "/v1/scores", body=BODY)
    assert status == 201
    assert not [name for name in headers if name.startswith("ratelimit")]
    assert [record.LimitsUnchecked for record in caplog.records if record.message == "request"][-1:] == [1]


def test_score_get_list_and_replay_agree(api):
    status, headers, scored = api("POST", "/v1/scores", body=BODY)
    assert status == 201
    total = scored["base_value"] + sum(reason["contribution"] for reason in scored["explanation"])
    assert abs(total - scored["raw_score"]) < 1e-9
    path = headers["location"].removeprefix("/local")
    assert api("GET", path)[2] == scored
    api("POST", "/v1/scores", body=BODY | {"subject_id": "p-2"})
    listed = api("GET", "/v1/scores", query={"subject": stores.tenant_key("acme").pseudonym("p-1")})[2]
    assert [item["decision_id"] for item in listed["items"]] == [scored["decision_id"]]
    row, again = decisions.scoring().replay("acme", scored["decision_id"])
    assert again == row.body


def test_a_promotion_reaches_warm_instances_and_old_decisions_replay(clock, api, published, trained):
    first = api("POST", "/v1/scores", body=BODY)[2]
    publish(published, trained, 2)
    assert api("POST", "/v1/scores", body=BODY)[2]["model"]["version"] == 1
    clock.advance(seconds=61)
    assert api("POST", "/v1/scores", body=BODY)[2]["model"]["version"] == 2
    row, again = decisions.scoring().replay("acme", first["decision_id"])
    assert (row.model.version, again) == (1, row.body)


def test_a_corrupt_new_package_is_refused_with_a_warning(clock, api, published, trained):
    import boto3

    api("POST", "/v1/scores", body=BODY)
    publish(published, trained, 2)
    s3, key = boto3.client("s3"), "toy/00000002/linear.txt"
    content = bytearray(s3.get_object(Bucket="packages", Key=key)["Body"].read())
    content[100] ^= 1
    s3.put_object(Bucket="packages", Key=key, Body=bytes(content))
    clock.advance(seconds=61)
    status, _, scored = api("POST", "/v1/scores", body=BODY)
    assert (status, scored["model"]["version"]) == (201, 1)
    assert scored["warnings"][:2] == ["model_update_failed:digest_mismatch", "no_calibration"]


def test_models_are_described_with_schema_card_and_digest(api):
    listed = api("GET", "/v1/models")[2]["models"]
    detail = api("GET", "/v1/models/toy")[2]
    assert [model["name"] for model in listed] == ["toy"]
    assert detail["digest"] == listed[0]["digest"] == api("POST", "/v1/scores", body=BODY)[2]["model"]["digest"]
    assert {spec["name"]: spec["unit"] for spec in detail["features"]}["age"] == "years"
    assert detail["card"].startswith("# Toy")
    assert api("GET", "/v1/models/nope")[0] == 404


@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/toy"])
def test_anonymous_cannot_read_models(api, path):
    assert api("GET", path, tenant=None)[0] == 401


def test_health_is_up_with_a_model_and_a_ledger(api):
    checks = api("GET", "/health/detailed")[2]["checks"]
    assert {check["name"]: check["up"] for check in checks} == {"models": True, "ledger": True}


def test_a_second_instance_answers_a_duplicate_with_the_same_bytes(api):
    first = api("POST", "/v1/scores", body=BODY, headers={"Idempotency-Key": "k"})[2]
    process.forget()
    status, headers, again = api("POST", "/v1/scores", body=BODY, headers={"Idempotency-Key": "k"})
    assert (status, headers["idempotency-replayed"], again) == (200, "true", first)
