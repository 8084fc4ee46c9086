"""The API of tenants and keys, wired as deployed, and the erasure of an offboarding tenant."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import boto3
import pytest

from tests.support import tables
from tests.support.fakes.dead_letters import WORK, letter
from tests.support.gateway import Context, event
from tests.support.ledger_rows import unpacked_item
from vigil.access.keys.token import KeyToken
from vigil.access.tenants.service import TenantChange
from vigil.bootstrap import access, stores
from vigil.decisions.batches.files_model import FOLDERS
from vigil.decisions.batches.model import Batch
from vigil.decisions.batches.store import DynamoBatches
from vigil.money.costs.model import CostStatement
from vigil.money.costs.store import DynamoStatements
from vigil.operations.dead_letters.model import DeadLetterJob, RetryRules
from vigil.operations.dead_letters.store import DynamoDeadLetterJobs
from vigil.privacy.persons.model import Consent, Declaration
from vigil.web.idempotency import IdempotentRequest
from vigil.web.idempotency_store import DynamoClaimStore

BODY = {"model": "toy", "subject_id": "p-1", "features": {"age": 80}}
OPERATOR = {"tenant": "ops", "role": "operator"}
ADMIN = {"tenant": "acme", "role": "admin"}


@pytest.fixture
def api(published):
    from functions.tenants_api.handler import lambda_handler

    def call(method, path, **arguments):
        answer = lambda_handler(event(method, f"/v1/tenants{path}", **arguments), Context())
        return answer["statusCode"], json.loads(answer["body"] or "null"), answer["headers"]

    for tenant in ("ops", "acme", "globex"):
        access.tenants().create(tenant, "FREE")
    return call


def contents(*tables):
    """Return all items of tables as text."""
    client = boto3.client("dynamodb")
    return json.dumps([unpacked_item(item) for table in tables for item in client.scan(TableName=table)["Items"]])


ROUTES = [
    ("POST", "", {"tenant_id": "initech"}),
    ("GET", "", None),
    ("GET", "/acme", None),
    ("PATCH", "/acme", {"settings": {"name": "x"}}),
    ("GET", "/acme/certificate", None),
    ("POST", "/acme/keys", {}),
    ("GET", "/acme/keys", None),
    ("GET", "/acme/keys/0123456789abcdef", None),
    ("POST", "/acme/keys/0123456789abcdef/rotate", {}),
    ("DELETE", "/acme/keys/0123456789abcdef", None),
]


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
def test_viewers_members_and_anonymous_callers_are_rejected(api, method, path, body):
    before = contents("access")
    assert api(method, path, body=body, tenant=None)[0] == 401
    assert {api(method, path, body=body, tenant="acme", role=role)[0] for role in ("viewer", "member")} == {403}
    assert contents("access") == before


@pytest.mark.parametrize(("method", "path", "body"), [route for route in ROUTES if "certificate" not in route[1]][2:])
def test_another_tenant_and_an_unknown_one_get_the_same_404(api, method, path, body):
    before, answers = contents("access"), []
    for named in ("acme", "unknown", "x" * 40):
        status, problem, _ = api(method, path.replace("acme", named), body=body, tenant="globex", role="admin")
        problem.pop("correlation_id")
        answers.append((status, problem))
    assert answers[0][0] == 404
    assert answers[0] == answers[1] == answers[2]
    assert contents("access") == before


def test_an_operator_can_create_list_and_change_tenants(api):
    body = {"tenant_id": "initech", "tier": "BASIC", "limits": {"per_minute": 120, "tenant_per_hour": 4}}
    body |= {"settings": {"name": "Initech"}}
    status, made, headers = api("POST", "", body=body, **OPERATOR)
    assert (status, headers["location"], headers["etag"]) == (201, "/local/v1/tenants/initech", '"1"')
    assert made["limits"] == {
        "predictions_per_month": 10_000,
        "per_minute": 120,
        "per_hour": 1_000,
        "storage_gb": 50,
        "tenant_per_minute": 1_200,
        "tenant_per_hour": 4,
    }
    assert api("POST", "", body=body, **OPERATOR)[0] == 409
    first = api("GET", "", query={"limit": "3"}, **OPERATOR)[1]
    rest = api("GET", "", query={"limit": "3", "cursor": first["next_cursor"]}, **OPERATOR)[1]
    assert [t["tenant_id"] for t in first["items"] + rest["items"]] == ["acme", "globex", "initech", "ops"]
    status, changed, headers = api(
        "PATCH",
        "/initech",
        body={"tier": "PROFESSIONAL", "limits": {"per_minute": None, "tenant_per_hour": None}},
        **OPERATOR,
    )
    assert (status, changed["version"], headers["etag"], changed["overrides"]) == (200, 2, '"2"', {})
    assert api("GET", "/initech", **OPERATOR)[1] == changed


def test_an_administrator_can_change_only_the_settings_of_its_tenant(api):
    status, changed, _ = api("PATCH", "/acme", body={"settings": {"contact": "it@acme.test"}}, **ADMIN)
    assert (status, changed["settings"]["contact"]) == (200, "it@acme.test")
    assert api("GET", "/acme", **ADMIN)[1] == changed
    for forbidden in ({"tier": "ENTERPRISE"}, {"status": "active"}, {"limits": {"per_minute": 1}}):
        assert api("PATCH", "/acme", body=forbidden | {"settings": {"name": "x"}}, **ADMIN)[0] == 403
    assert api("GET", "/acme", **ADMIN)[1] == changed
    assert api("POST", "", body={"tenant_id": "mine"}, **ADMIN)[0] == 403
    assert {api("GET", path, **ADMIN)[0] for path in ("", "/acme/certificate")} == {403}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"limits": {"per_minute": 0}}, "limits.per_minute"),
        ({"limits": {"per_hour": 3_600_001}}, "limits.per_hour"),
        ({"limits": {"tenant_per_minute": 2_400_001}}, "limits.tenant_per_minute"),
        ({"limits": {"tenant_per_hour": 0}}, "limits.tenant_per_hour"),
        ({"limits": {"storage_gb": 1.5}}, "limits.storage_gb"),
        ({"limits": {"per_minute": True}}, "limits.per_minute"),
        ({"limits": {"per_minute": "60"}}, "limits.per_minute"),
        ({"settings": {"max_key_days": True}}, "settings.max_key_days"),
        ({"limits": {"secret": 1}}, "limits.secret"),
        ({"settings": {"overlap_hours": 169}}, "settings.overlap_hours"),
        ({"settings": {"contact": "unknown"}}, "settings.contact"),
        *(({"settings": {"name": f"a{unseen}b"}}, "settings.name") for unseen in "\n\x7f\x9b\u202e\u2066"),
        ({"tier": "GOLD"}, "tier"),
        ({"status": "gone"}, "status"),
        ({"version": 2}, "version"),
    ],
)
def test_an_invalid_field_is_named_and_the_tenant_unchanged(api, body, field):
    status, problem, _ = api("PATCH", "/acme", body=body, **OPERATOR)
    assert (status, [row["field"] for row in problem["errors"]]) == (422, [field])
    assert access.tenants().get("acme").version == 1


def test_a_change_of_another_version_returns_412(api):
    changes = {"body": {"tier": "BASIC"}, **OPERATOR}
    assert api("PATCH", "/acme", headers={"If-Match": '"1"'}, **changes)[0] == 200
    assert api("PATCH", "/acme", headers={"If-Match": '"1"'}, **changes)[0] == 412
    assert api("PATCH", "/acme", headers={"If-Match": "*"}, **changes)[0] == 200
    assert api("PATCH", "/acme", headers={"If-Match": "1"}, **changes)[0] == 400


def test_a_forbidden_status_change_returns_409(api):
    assert api("PATCH", "/acme", body={"status": "closed"}, **OPERATOR)[0] == 409
    assert api("PATCH", "/acme", body={"status": "offboarding"}, **OPERATOR)[0] == 200
    assert api("PATCH", "/acme", body={"status": "active"}, **OPERATOR)[0] == 409
    assert api("PATCH", "/unknown", body={"status": "suspended"}, **OPERATOR)[0] == 404
    assert "unknown" not in contents("access")


def test_an_operator_cannot_suspend_its_own_tenant(api):
    assert api("PATCH", "/ops", body={"status": "suspended"}, **OPERATOR)[0] == 403
    assert access.tenants().get("ops").status == "active"


def test_a_key_is_created_rotated_and_revoked_without_leaking(api, capsys):
    status, made, headers = api("POST", "/acme/keys", body={"role": "member", "label": "ward 3"}, **ADMIN)
    assert (status, headers["location"]) == (201, f"/local/v1/tenants/acme/keys/{made['key_id']}")
    token = made.pop("api_key")
    assert access.authenticator().authenticate(token)[0].role == "member"
    assert api("GET", f"/acme/keys/{made['key_id']}", **ADMIN)[1] == made
    _, new, _ = api("POST", f"/acme/keys/{made['key_id']}/rotate", body={"overlap_hours": 1}, **ADMIN)
    assert api("POST", f"/acme/keys/{made['key_id']}/rotate", body={}, **ADMIN)[0] == 409
    assert [access.authenticator().authenticate(text)[1].tenant_id for text in (token, new["api_key"])] == [
        "acme",
        "acme",
    ]
    for _ in range(2):
        assert api("DELETE", f"/acme/keys/{new['key_id']}", **ADMIN)[:2] == (204, None)
    listed = {key["key_id"]: key for key in api("GET", "/acme/keys", **ADMIN)[1]["items"]}
    assert listed[made["key_id"]]["replaced_by"] == new["key_id"]
    assert listed[new["key_id"]]["revoked_at"]
    secrets = [KeyToken.parse(text).secret for text in (token, new["api_key"])]
    stored = contents("access") + json.dumps(list(listed.values())) + capsys.readouterr().out
    assert not [secret for secret in secrets if secret in stored]


def test_a_rotation_without_a_body_uses_the_defaults(api):
    made = api("POST", "/acme/keys", body={"label": "ward 3"}, **ADMIN)[1]
    status, new, _ = api("POST", f"/acme/keys/{made['key_id']}/rotate", **ADMIN)
    assert (status, new["label"]) == (201, "ward 3")
    assert api("GET", f"/acme/keys/{made['key_id']}", **ADMIN)[1]["replaced_by"] == new["key_id"]


def test_an_administrator_cannot_obtain_an_operator_key(api):
    operators = access.keys().create("acme", "operator", by="operator").key
    assert api("POST", "/acme/keys", body={"role": "operator"}, **ADMIN)[0] == 403
    assert api("POST", f"/acme/keys/{operators.key_id}/rotate", body={}, **ADMIN)[0] == 403
    assert api("DELETE", f"/acme/keys/{operators.key_id}", **ADMIN)[0] == 403
    assert api("POST", "/acme/keys", body={"role": "operator"}, **OPERATOR)[0] == 201


def test_a_cursor_of_another_tenant_returns_400(api):
    for _ in range(2):
        access.keys().create("acme", by="operator")
    cursor = api("GET", "/acme/keys", query={"limit": "1"}, **ADMIN)[1]["next_cursor"]
    assert api("GET", "/globex/keys", query={"cursor": cursor}, tenant="globex", role="admin")[0] == 400


def test_the_sample_event_is_accepted(api):
    from functions.tenants_api.handler import lambda_handler

    sample = json.loads((Path(__file__).parents[2] / "events" / "tenants_api.json").read_text())
    assert lambda_handler(sample, Context())["statusCode"] == 409  # acme exists in this deployment


def leave_behind(tenant):
    """Create data of a tenant in every store; one file is deleted."""
    dynamodb, s3 = boto3.client("dynamodb"), boto3.client("s3")
    batch = Batch(tenant, "bat_1", "toy", "csv", "awaiting_upload", "now", "corr-1", "f", 0)
    DynamoBatches(dynamodb, "batches").create(batch, 10)
    for folder in FOLDERS[:2]:
        s3.put_object(Bucket="files", Key=f"{folder}/{tenant}/bat_1/x", Body=b"jane-roe")
    s3.delete_object(Bucket="files", Key=f"uploads/{tenant}/bat_1/x")
    job = DeadLetterJob.create(
        "work", letter(replace(WORK, tenant_id=tenant)), RetryRules(), datetime.now(UTC), Random(1)
    )
    DynamoDeadLetterJobs(dynamodb, "dead_letters").write(tenant, job)
    DynamoClaimStore(dynamodb, "idempotency", timedelta(hours=1)).claim(
        IdempotentRequest(tenant, "POST /v1/x", "k", None), 1.0
    )
    declaration = Declaration({"scoring": "withdrawn"}, "v1", "subject", "now", "now", "key")
    assert stores.consents().add(tenant, "jane-roe", Consent(), declaration)
    DynamoStatements(dynamodb, "costs").close(tenant, CostStatement("2026-10", (), "now"))
    for table, pk in {"alerts": "CONFIG", "webhooks": "CONFIG", "monitoring": "toy"}.items():
        dynamodb.put_item(TableName=table, Item={"pk": {"S": f"{tenant}#{pk}"}, "sk": {"S": "CHANNEL#1"}})


def use(tenant, scores):
    """Create a key, decisions, an outcome and data in every other store."""
    from functions.outcomes_api.handler import lambda_handler as report
    from functions.scoring_api.handler import lambda_handler as score

    access.keys().create(tenant, by="operator")
    for _ in range(scores):
        answer = json.loads(score(event("POST", "/v1/scores", body=BODY, tenant=tenant), Context())["body"])
    outcome = {"status": "occurred", "recorded_at": datetime.now(UTC).isoformat()}
    body = outcome | {"decision_id": answer["decision_id"]}
    assert report(event("POST", "/v1/outcomes", body=body, tenant=tenant), Context())["statusCode"] == 201
    leave_behind(tenant)


def test_an_offboarded_tenant_leaves_only_a_certificate(api):
    from functions.tenants_offboarding.handler import lambda_handler as erase

    use("acme", 3)
    use("globex", 1)
    assert api("GET", "/acme/certificate", **OPERATOR)[0] == 404
    access.tenants().change("acme", TenantChange(status="offboarding"))
    sample = json.loads((Path(__file__).parents[2] / "events" / "tenants_offboarding.json").read_text())
    assert erase(sample, Context()) == {"closed": ["acme"]}
    status, certificate, _ = api("GET", "/acme/certificate", **OPERATOR)
    stores = json.loads(certificate["payload"])["stores"]
    assert (status, {name: store["erased"] for name, store in stores.items()}) == (
        200,
        {
            "keys": 1,
            "sessions": 0,
            "decisions": 3,
            "outcomes": 2,  # a report, and the current outcome
            "batches": 2,
            "files": 3,
            "dead_letters": 1,
            "subjects": 2,  # a declaration, and the current consents
            **dict.fromkeys(("alerts", "webhooks", "monitoring"), 1),
            "idempotency": 1,
            "limits": 2,  # the counter of a key, and the leases of the tenant
            "usage": 1,
            "costs": 1,
            "tenant_keys": 1,
        },
    )
    stored = {*tables.TABLES.values()} - {"access", "tenant_keys"} - tables.OF_THE_DEPLOYMENT
    assert "acme" not in contents(*stored)
    assert all("globex" in contents(table) for table in stored)
    versions = boto3.client("s3").list_object_versions(Bucket="files")
    assert {version["Key"] for version in versions["Versions"]} == {f"{f}/globex/bat_1/x" for f in FOLDERS[:2]}
    assert [mark["Key"] for mark in versions["DeleteMarkers"]] == ["uploads/globex/bat_1/x"]
    assert [len(access.keys().page(tenant, None, 9).keys) for tenant in ("globex", "acme")] == [1, 0]
    assert api("GET", "/acme", **OPERATOR)[1]["status"] == "closed"
    assert api("POST", "", body={"tenant_id": "acme"}, **OPERATOR)[0] == 409
