"""What a function calls is what its role grants: nothing is refused, and nothing is granted in vain."""

import json
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest
import yaml
from botocore.client import BaseClient

from tests.gateway import Context, event
from tests.tables import _Loader
from vigil import bootstrap

ROOT = Path(__file__).parents[2]
DATA_SERVICES = {"dynamodb", "events", "s3", "secretsmanager"}
# What Lambda itself does in a role's name, to feed the function from a stream.
FEEDING = {f"dynamodb:{call}" for call in ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")}
BODY = {"model": "toy", "subject_id": "p-1", "features": {"age": 80}}
KEY = {"Idempotency-Key": "k"}


def granted(role):
    resources = yaml.load((ROOT / "infra" / "roles.yaml").read_text(), _Loader)["Resources"]  # noqa: S506 - a SafeLoader with inert tags
    statements = resources[role]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    actions = {action for statement in statements for action in statement["Action"]}
    return {action for action in actions if action.split(":")[0] in DATA_SERVICES}


@pytest.fixture
def called(published, monkeypatch):
    """The IAM actions behind every AWS call from here on."""
    actions, original = set(), BaseClient._make_api_call

    def recording(client, operation, arguments):
        actions.add(f"{client.meta.service_model.endpoint_prefix}:{operation}")
        return original(client, operation, arguments)

    access = bootstrap.access()
    access.create_tenant("acme", "FREE")
    token = access.create_key("acme")
    bootstrap.forget()
    monkeypatch.setattr(BaseClient, "_make_api_call", recording)
    return actions, token


def test_the_scoring_api_calls_what_it_may_and_may_what_it_calls(called):
    from functions.scoring_api.handler import lambda_handler

    actions, _ = called
    requests = [
        ("POST", "/v1/scores", {"body": BODY, "headers": {"Idempotency-Key": "k"}}),
        ("GET", "/v1/scores", {"query": {"limit": "1"}}),
        ("POST", "/v1/scores", {"body": BODY}),
        ("GET", "/v1/scores", {"query": {"limit": "1"}}),
        ("GET", "/v1/scores", {"query": {"subject_id": "p-1"}}),
        ("GET", "/v1/scores/dec_" + "0" * 32, {}),
        ("GET", "/v1/models", {}),
        ("GET", "/v1/models/toy", {}),
        ("GET", "/health/detailed", {}),
    ]
    for method, path, arguments in requests:
        assert lambda_handler(event(method, path, **arguments), Context())["statusCode"] < 500
    assert actions == granted("ScoringApi")


def test_the_authorizer_calls_what_it_may_and_may_what_it_calls(called):
    from functions.tenancy_authorizer.handler import lambda_handler

    actions, token = called
    arn = "arn:aws:execute-api:eu-west-1:123456789012:api/local/GET/v1/models"
    lambda_handler({"methodArn": arn, "headers": {"Authorization": f"Bearer {token}"}}, Context())
    assert actions == granted("TenancyAuthorizer")


def test_the_outcomes_api_calls_what_it_may_and_may_what_it_calls(called):
    from functions.outcomes_api.handler import lambda_handler
    from functions.scoring_api.handler import lambda_handler as score

    actions, _ = called
    decisions = [
        json.loads(score(event("POST", "/v1/scores", body=BODY), Context())["body"])["decision_id"] for _ in range(2)
    ]
    actions.clear()
    bootstrap.forget()
    report = {"status": "occurred", "recorded_at": datetime.now(UTC).isoformat()}
    window = {"subject_id": "p-1", "model": "toy", "start": "2026-01-01T00:00:00Z", "end": "2099-01-01T00:00:00Z"}
    unknown = event("POST", "/v1/outcomes", body=report | {"decision_id": "dec_0"}, headers=KEY)
    assert lambda_handler(unknown, Context())["statusCode"] == 404
    requests = [
        *(("POST", "/v1/outcomes", {"body": report | {"decision_id": decision}}) for decision in decisions),
        ("POST", "/v1/outcomes", {"body": report | {"window": window}, "headers": KEY}),
        ("GET", f"/v1/outcomes/{decisions[0]}", {}),
        ("GET", "/v1/outcomes", {"query": {"limit": "1"}}),
    ]
    for method, path, arguments in requests:
        assert lambda_handler(event(method, path, **arguments), Context())["statusCode"] < 300
    assert actions == granted("OutcomesApi")


def test_the_life_cycle_api_calls_what_it_may_and_may_what_it_calls(called):
    from functions.lifecycle_api.handler import lambda_handler

    actions, _ = called
    with_champion = event("POST", "/v1/models/toy/promote", body={"version": 1}, role="operator")
    assert lambda_handler(with_champion, Context())["statusCode"] == 200
    boto3.client("dynamodb").delete_item(
        TableName="registry", Key={"pk": {"S": "MODEL#toy"}, "sk": {"S": "ALIAS#champion"}}
    )
    actions.clear()
    bootstrap.forget()
    for method, path, body in (
        ("POST", "promote", {"version": 9}),
        ("POST", "promote", {"version": 1}),
        ("GET", "versions", None),
        ("GET", "comparison", None),
    ):
        request = event(method, f"/v1/models/toy/{path}", body=body, role="operator", headers=KEY)
        answer = lambda_handler(request, Context())
        assert answer["statusCode"] < 500
    # A transaction needs no right of its own, only those of its parts.
    assert "dynamodb:TransactWriteItems" in actions
    parts = {"dynamodb:PutItem", "dynamodb:UpdateItem"}
    assert (actions - {"dynamodb:TransactWriteItems"}) | parts == granted("LifecycleApi")


def test_the_flags_api_calls_what_it_may_and_may_what_it_calls(called):
    from functions.flags_api.handler import lambda_handler

    actions, _ = called
    flag = {"description": "d", "stages": []}
    for method, headers, status in (
        ("GET", {}, 404),
        ("PUT", KEY, 428),
        ("PUT", KEY | {"If-None-Match": "*"}, 201),
    ):
        body = flag if method == "PUT" else None
        request = event(method, "/v1/flags/beta", body=body, role="operator", headers=headers)
        assert lambda_handler(request, Context())["statusCode"] == status
    assert (actions - {"dynamodb:TransactWriteItems"}) == granted("FlagsApi")


def test_the_events_function_calls_what_it_may_and_may_what_it_calls(called):
    from functions.scoring_events.handler import lambda_handler

    actions, _ = called
    sample = json.loads((ROOT / "events" / "scoring_events.json").read_text())
    lambda_handler(sample, Context())
    assert actions | FEEDING == granted("ScoringEvents")
