"""The role of each scoring, outcome, person, trial and flag function grants exactly the actions it calls."""

import json
from datetime import UTC, datetime

import boto3

from tests.functions.rights import (
    BODY,
    KEY,
    TRANSACTION,
    granted,
    running_batch,
)
from tests.support.gateway import Context, event
from vigil.bootstrap import process
from vigil.decisions.batches import results
from vigil.decisions.batches.store import DynamoBooks


def test_the_scoring_api_calls_exactly_the_granted_actions(called):
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
    for more in ({}, {"consents": "true"}):
        enterprise = event("POST", "/v1/scores", body=BODY, tier="ENTERPRISE", **more)
        assert lambda_handler(enterprise, Context())["statusCode"] == 201
    assert actions - {TRANSACTION} == granted("ScoringApi")


def test_the_outcomes_api_calls_exactly_the_granted_actions(called):
    from functions.outcomes_api.handler import lambda_handler
    from functions.scoring_api.handler import lambda_handler as score

    actions, _ = called
    decisions = [
        json.loads(score(event("POST", "/v1/scores", body=BODY), Context())["body"])["decision_id"] for _ in range(2)
    ]
    actions.clear()
    process.forget()
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


def test_the_persons_functions_call_exactly_the_granted_actions(called):
    from functions.outcomes_api.handler import lambda_handler as tell
    from functions.persons_api.handler import lambda_handler
    from functions.persons_erasure.handler import lambda_handler as erase
    from functions.scoring_api.handler import lambda_handler as score

    actions, _ = called
    files = boto3.client("s3")
    DynamoBooks(boto3.client("dynamodb"), "batches").end(running_batch("c"), "completed", ended_at="now")
    answer = {"row": "1", "subject_id": "p-1"}
    line = ",".join(answer.get(name, "") for name in results.COLUMNS).encode() + b"\n"
    for folder, name, content in (("uploads", "input", b"p-1\n"), ("results", "results.csv", line)):
        key, body = f"{folder}/acme/{'c' * 32}/{name}", content * (12_000_000 // len(content))
        files.put_object(Bucket="files", Key=key, Body=body)
    for _ in range(2):
        decision = json.loads(score(event("POST", "/v1/scores", body=BODY), Context())["body"])["decision_id"]
    report = {"decision_id": decision, "status": "occurred", "recorded_at": datetime.now(UTC).isoformat()}
    assert tell(event("POST", "/v1/outcomes", body=report), Context())["statusCode"] == 201
    actions.clear()
    process.forget()
    said = {"purposes": {"scoring": "given"}, "text_version": "1"}
    requests = [
        ("PUT", "/consent", {"body": said, "headers": KEY}),
        ("GET", "/consent", {}),
        ("GET", "/export", {}),
        ("DELETE", "", {}),
        ("GET", "/erasure", {}),
    ]
    refused = event("PUT", "/v1/subjects/p-1/consent", body=said | {"declared_at": "2199-01-01T00:00:00Z"}, headers=KEY)
    assert lambda_handler(refused, Context())["statusCode"] == 422
    for method, path, arguments in requests:
        asked = event(method, f"/v1/subjects/p-1{path}", **{"role": "admin"} | arguments)
        assert lambda_handler(asked, Context(28_000))["statusCode"] < 300
    cursor = event("GET", "/v1/subjects/p-1/export", role="admin", query={"cursor": "x"})
    assert lambda_handler(cursor, Context())["statusCode"] == 400
    named = {"s3:ListObjectVersions": "s3:ListBucketVersions", "s3:GetObject": "s3:GetObjectVersion"}
    assert {named.get(action, action) for action in actions} - {TRANSACTION} == granted("PersonsApi")
    actions.clear()
    process.forget()
    assert erase({}, Context(900_000)) == {"closed": ["acme"]}
    assert "kms:Sign" in actions
    named |= {
        "s3:DeleteObjects": "s3:DeleteObject",
        "s3:ListParts": "s3:ListMultipartUploadParts",
        **dict.fromkeys(("s3:CreateMultipartUpload", "s3:UploadPart", "s3:CompleteMultipartUpload"), "s3:PutObject"),
    }
    rights = {named.get(action, action) for action in actions} | {"s3:DeleteObjectVersion"}
    assert rights - {TRANSACTION, "kms:Sign"} == granted("PersonsErasure")


def test_the_trials_api_calls_exactly_the_granted_actions(called):
    from functions.trials_api.handler import lambda_handler

    actions, _ = called
    with_champion = event("POST", "/v1/models/toy/promote", body={"version": 1}, role="operator")
    assert lambda_handler(with_champion, Context())["statusCode"] == 200
    boto3.client("dynamodb").delete_item(
        TableName="registry", Key={"pk": {"S": "MODEL#toy"}, "sk": {"S": "ALIAS#champion"}}
    )
    actions.clear()
    process.forget()
    for method, path, body in (
        ("POST", "promote", {"version": 9}),
        ("POST", "promote", {"version": 1}),
        ("GET", "versions", None),
        ("GET", "comparison", None),
    ):
        request = event(method, f"/v1/models/toy/{path}", body=body, role="operator", headers=KEY)
        answer = lambda_handler(request, Context())
        assert answer["statusCode"] < 500
    assert TRANSACTION in actions
    assert actions - {TRANSACTION} == granted("TrialsApi")


def test_the_flags_api_calls_exactly_the_granted_actions(called):
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
    assert actions - {TRANSACTION} == granted("FlagsApi")
