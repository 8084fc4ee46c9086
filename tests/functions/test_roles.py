"""What a function calls is what its role grants: nothing is refused, and nothing is granted in vain."""

import json
from datetime import UTC, datetime, timedelta
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
# What a transaction is made of: it needs no right of its own, only those of its parts.
TRANSACTION = "dynamodb:TransactWriteItems"
# What Lambda itself does in a role's name, to feed the function from a stream.
FEEDING = {f"dynamodb:{call}" for call in ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")}
BODY = {"model": "toy", "subject_id": "p-1", "features": {"age": 80}}


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

    bootstrap.tenants().create("acme", "FREE")
    token = bootstrap.keys().create("acme", by="operator").token
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
    enterprise = event("POST", "/v1/scores", body=BODY, tier="ENTERPRISE")
    assert lambda_handler(enterprise, Context())["statusCode"] == 201
    assert actions - {"dynamodb:TransactWriteItems"} == granted("ScoringApi")


def test_the_authorizer_calls_what_it_may_and_may_what_it_calls(called):
    from functions.tenancy_authorizer.handler import lambda_handler

    actions, token = called
    arn = "arn:aws:execute-api:eu-west-1:123456789012:api/local/GET/v1/models"
    lambda_handler({"methodArn": arn, "headers": {"Authorization": f"Bearer {token}"}}, Context())
    assert actions == granted("TenancyAuthorizer")


def test_the_tenancy_api_calls_what_it_may_and_may_what_it_calls(called):
    from functions.tenancy_api.handler import lambda_handler

    actions, token = called
    keys = f"/v1/tenants/acme/keys/{token.key_id}"
    requests = [
        ("POST", "/v1/tenants", {"body": {"tenant_id": "globex"}}),
        ("GET", "/v1/tenants", {"query": {"limit": "1"}}),
        ("PATCH", "/v1/tenants/acme", {"body": {"status": "suspended"}, "tenant": "ops"}),
        ("POST", "/v1/tenants/acme/keys", {"body": {}}),
        ("GET", "/v1/tenants/acme/keys", {"query": {"limit": "1"}}),
        ("POST", f"{keys}/rotate", {"body": {}}),
        ("DELETE", keys, {}),
        ("PATCH", "/v1/tenants/acme", {"body": {"status": "offboarding"}, "tenant": "ops"}),
    ]
    for method, path, arguments in requests:
        assert lambda_handler(event(method, path, role="operator", **arguments), Context())["statusCode"] < 300
    assert TRANSACTION in actions
    assert actions - {TRANSACTION} | {"dynamodb:PutItem"} == granted("TenancyApi")


def test_the_offboarding_calls_what_it_may_and_may_what_it_calls(called):
    from functions.tenancy_offboarding.handler import lambda_handler
    from vigil.tenancy.tenants import Change

    actions, _ = called
    bootstrap.tenants().change("acme", Change(status="offboarding"))
    bootstrap.forget()
    actions.clear()
    assert lambda_handler({}, Context()) == {"closed": ["acme"]}
    parts = {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"}
    assert {TRANSACTION, "kms:Sign"} <= actions
    assert actions - {TRANSACTION, "kms:Sign"} | parts == granted("TenancyOffboarding")


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
    requests = [
        *(("POST", "/v1/outcomes", {"body": report | {"decision_id": decision}}) for decision in decisions),
        ("POST", "/v1/outcomes", {"body": report | {"window": window}}),
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
        ("POST", "promote", {"version": 1}),
        ("GET", "versions", None),
        ("GET", "comparison", None),
    ):
        answer = lambda_handler(event(method, f"/v1/models/toy/{path}", body=body, role="operator"), Context())
        assert answer["statusCode"] < 500
    assert TRANSACTION in actions
    parts = {"dynamodb:PutItem", "dynamodb:UpdateItem"}
    assert (actions - {TRANSACTION}) | parts == granted("LifecycleApi")


def test_the_usage_api_calls_what_it_may_and_may_what_it_calls(called):
    from functions.metering_api.handler import lambda_handler

    actions, _ = called
    for query in (None, {"tenant_id": "acme"}):
        answer = lambda_handler(event("GET", "/v1/usage", query=query, tenant="ops-team", role="operator"), Context())
        assert answer["statusCode"] == 200
    assert actions == granted("MeteringApi")


def test_the_counting_function_calls_what_it_may_and_may_what_it_calls(called):
    from functions.metering_counters.handler import lambda_handler

    actions, _ = called
    sample = json.loads((ROOT / "events" / "metering_counters.json").read_text())
    lambda_handler(sample, Context())
    assert actions == {"dynamodb:TransactWriteItems"}
    assert {"dynamodb:PutItem", "dynamodb:UpdateItem"} | FEEDING == granted("MeteringCounters")


def test_the_audit_calls_what_it_may_and_may_what_it_calls(called, monkeypatch):
    from functions.metering_audit.handler import lambda_handler
    from functions.scoring_api.handler import lambda_handler as score

    actions, _ = called
    assert score(event("POST", "/v1/scores", body=BODY), Context())["statusCode"] == 201
    actions.clear()
    bootstrap.forget()
    monkeypatch.setattr(bootstrap, "_now", lambda: datetime.now(UTC) + timedelta(days=1))
    assert lambda_handler({"job": "recount"}, Context()) == {"mismatches": 1, "unrepaired": 0}
    monkeypatch.setattr(bootstrap, "_now", lambda: datetime.now(UTC) + timedelta(hours=1))
    bootstrap.forget()
    assert lambda_handler({"job": "calls"}, Context()) == {"counters": 1}
    parts = {"dynamodb:PutItem"}
    assert (actions - {"dynamodb:TransactWriteItems"}) | parts == granted("MeteringAudit")


def test_the_events_function_calls_what_it_may_and_may_what_it_calls(called):
    from functions.scoring_events.handler import lambda_handler

    actions, _ = called
    sample = json.loads((ROOT / "events" / "scoring_events.json").read_text())
    lambda_handler(sample, Context())
    assert actions | FEEDING == granted("ScoringEvents")
