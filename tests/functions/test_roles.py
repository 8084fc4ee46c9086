"""The role of each scoring, outcome, person, trial and flag function grants exactly the actions it calls."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from tests.functions.rights import BODY, KEY, TRANSACTION, answers, granted, have_a_scored_row, running_batch
from tests.support.deployments import KEY as PACKAGE_KEY
from tests.support.gateway import Context, event
from tests.support.ledger_rows import ledger_row
from vigil.bootstrap import process, stores
from vigil.decisions.batches import ended_erasure, results
from vigil.decisions.batches.store import DynamoBatches
from vigil.prediction.engines.loading import load_engine
from vigil.prediction.packages.verification import Release, build_package
from vigil.prediction.trials.model import Comparison, ModelAnswer

PERSON = "sub-" + "0" * 40
"""Pseudonym that a test replaces by the one of `p-1`, because each deployment has other keys."""
SCORING = [
    ("POST", "/v1/scores", {"body": BODY, "headers": KEY}, 201),
    ("GET", "/v1/scores", {"query": {"limit": "1"}}, 200),
    ("POST", "/v1/scores", {"body": BODY}, 201),
    ("GET", "/v1/scores", {"query": {"limit": "1"}}, 200),
    ("GET", "/v1/scores", {"query": {"subject": PERSON}}, 200),
    ("GET", "/v1/scores/dec_" + "0" * 32, {}, 404),
    ("GET", "/v1/models", {}, 200),
    ("GET", "/v1/models/toy", {}, 200),
    ("GET", "/health/detailed", {}, 200),
    ("POST", "/v1/scores", {"body": BODY, "tier": "ENTERPRISE"}, 201),
    ("POST", "/v1/scores", {"body": BODY, "tier": "ENTERPRISE", "consents": "true"}, 201),
]
CONSENT = {"purposes": {"scoring": "given"}, "text_version": "1"}
FUTURE_CONSENT = CONSENT | {"declared_at": "2199-01-01T00:00:00Z"}
PERSONS = [
    ("POST", "/v1/subjects/lookup", {"body": {"subject_id": "p-1"}}, 200),
    ("PUT", f"/v1/subjects/{PERSON}/consent", {"body": FUTURE_CONSENT, "headers": KEY}, 422),
    ("PUT", f"/v1/subjects/{PERSON}/consent", {"body": CONSENT, "headers": KEY}, 200),
    ("GET", f"/v1/subjects/{PERSON}/consent", {}, 200),
    ("GET", f"/v1/subjects/{PERSON}/export", {}, 200),
    ("DELETE", f"/v1/subjects/{PERSON}", {}, 202),
    ("GET", f"/v1/subjects/{PERSON}/erasure", {}, 200),
    ("GET", f"/v1/subjects/{PERSON}/export", {"query": {"cursor": "x"}}, 400),
]
TRIALS = [
    ("POST", "/v1/models/toy/promote", {"body": {"version": 9}}, 404),
    ("POST", "/v1/models/toy/promote", {"body": {"version": 1}}, 200),
    ("POST", "/v1/models/toy/withdraw", {"body": {"alias": "champion"}}, 200),
    ("POST", "/v1/models/toy/promote", {"body": {"version": 1}}, 200),
    ("GET", "/v1/models/toy/versions", {}, 200),
    ("GET", "/v1/models/toy/comparison", {}, 200),
]
FLAG = {"description": "d", "stages": []}
FLAGS = [
    ("GET", "/v1/flags/beta", {}, 404),
    ("PUT", "/v1/flags/beta", {"body": FLAG, "headers": KEY}, 428),
    ("PUT", "/v1/flags/beta", {"body": FLAG, "headers": KEY | {"If-None-Match": "*"}}, 201),
]
LINE = 10_000
"""Length of a line in the files of a person, in bytes. Few such lines fill a file that is written in parts."""
IAM_NAMES = {
    "s3:ListObjectVersions": "s3:ListBucketVersions",
    "s3:GetObject": "s3:GetObjectVersion",
    "s3:DeleteObjects": "s3:DeleteObject",
    "s3:ListParts": "s3:ListMultipartUploadParts",
    **dict.fromkeys(("s3:CreateMultipartUpload", "s3:UploadPart", "s3:CompleteMultipartUpload"), "s3:PutObject"),
}
"""IAM actions of the S3 calls with another name; the functions read and delete versions of objects."""


def iam_actions(calls):
    return {IAM_NAMES.get(call, call) for call in calls} - {TRANSACTION, "kms:Sign"}


def test_the_scoring_api_calls_exactly_the_granted_actions(called):
    from functions.scoring_api.handler import lambda_handler

    actions, _ = called
    assert answers(lambda_handler, SCORING) == SCORING
    assert actions - {TRANSACTION} == granted("ScoringApi")


def test_the_outcomes_api_calls_exactly_the_granted_actions(called):
    from functions.outcomes_api.handler import lambda_handler
    from functions.scoring_api.handler import lambda_handler as score

    actions, _ = called
    one, other = (
        json.loads(score(event("POST", "/v1/scores", body=BODY), Context())["body"])["decision_id"] for _ in range(2)
    )
    batch = replace(running_batch("d"), batch_id="bat_" + "d" * 32)
    have_a_scored_row(batch)
    actions.clear()
    process.forget()
    report = {"status": "occurred", "recorded_at": datetime.now(UTC).isoformat()}
    window = {"subject_id": "p-1", "model": "toy", "start": "2026-01-01T00:00:00Z", "end": "2099-01-01T00:00:00Z"}
    requests = [
        ("POST", "/v1/outcomes", {"body": report | {"decision_id": "dec_0"}, "headers": KEY}, 404),
        ("POST", "/v1/outcomes", {"body": report | {"decision_id": one}}, 201),
        ("POST", "/v1/outcomes", {"body": report | {"decision_id": other}}, 201),
        ("POST", "/v1/outcomes", {"body": report | {"batch_id": batch.batch_id, "row": 1}}, 201),
        ("POST", "/v1/outcomes", {"body": report | {"window": window}, "headers": KEY}, 200),
        ("GET", f"/v1/outcomes/{one}", {}, 200),
        ("GET", "/v1/outcomes", {"query": {"limit": "1"}}, 200),
    ]
    assert answers(lambda_handler, requests) == requests
    assert actions == granted("OutcomesApi")


def result(subject):
    """Return a line of results."""
    answer = {"row": "1", "subject_id": subject, "warnings": "w" * LINE}
    return ",".join(answer.get(name, "") for name in results.COLUMNS) + "\n"


@pytest.fixture
def person(called, monkeypatch):
    """Actions called after the person `p-1` has an ended batch with large files, two decisions and an outcome.

    The results are rewritten in two steps, one part each.
    """
    monkeypatch.setattr(ended_erasure, "STEP_BYTES", 1 << 20)
    from functions.outcomes_api.handler import lambda_handler as report
    from functions.scoring_api.handler import lambda_handler as score

    actions, _ = called
    batch = running_batch("c")
    have_a_scored_row(batch)
    DynamoBatches(boto3.client("dynamodb"), "batches").end(batch, "completed", ended_at="now")
    for folder, name, line in (
        ("uploads", "input", lambda subject: f"{subject},{'x' * LINE}\n"),
        ("results", "results.csv", result),
    ):
        key, body = f"{folder}/acme/{'c' * 32}/{name}", line("p-1") + line("p-2") * (12_000_000 // LINE)
        boto3.client("s3").put_object(Bucket="files", Key=key, Body=body.encode())
    for _ in range(2):
        decision = json.loads(score(event("POST", "/v1/scores", body=BODY), Context())["body"])["decision_id"]
    outcome = {"decision_id": decision, "status": "occurred", "recorded_at": datetime.now(UTC).isoformat()}
    assert report(event("POST", "/v1/outcomes", body=outcome), Context())["statusCode"] == 201
    actions.clear()
    process.forget()
    return actions


def test_the_persons_functions_call_exactly_the_granted_actions(person):
    from functions.persons_api.handler import lambda_handler
    from functions.persons_erasure.handler import lambda_handler as erase

    subject = stores.tenant_key("acme").pseudonym("p-1")
    process.forget()
    requests = [(method, path.replace(PERSON, subject), *rest) for method, path, *rest in PERSONS]
    assert answers(lambda_handler, requests, 28_000, role="admin") == requests
    assert iam_actions(person) == granted("PersonsApi")
    person.clear()
    process.forget()
    assert erase({}, Context(900_000)) == {"closed": ["acme"]}
    assert "kms:Sign" in person
    assert iam_actions(person) | {"s3:DeleteObjectVersion"} == granted("PersonsErasure")


def have_a_due_comparison(publisher, trained):
    """Store a comparison with a challenger whose label is final."""
    now = process.now()
    publisher.publish(build_package(trained, Release(2, now, now + timedelta(days=30)), PACKAGE_KEY, load_engine))
    publisher.promote("toy", 2, "challenger")
    pair = Comparison(ModelAnswer(1, 0.5, "wait"), ModelAnswer(2, 0.5, "wait"), "2026-01-01T00:00:00.000000Z")
    stores.ledger().commit(replace(ledger_row(), comparison=pair))


def test_the_trials_api_calls_exactly_the_granted_actions(called, published, trained):
    from functions.trials_api.handler import lambda_handler

    actions, _ = called
    with_champion = [("POST", "/v1/models/toy/promote", {"body": {"version": 1}}, 200)]
    assert answers(lambda_handler, with_champion, role="operator") == with_champion
    have_a_due_comparison(published, trained)
    boto3.client("dynamodb").delete_item(
        TableName="registry", Key={"pk": {"S": "MODEL#toy"}, "sk": {"S": "ALIAS#champion"}}
    )
    actions.clear()
    process.forget()
    assert answers(lambda_handler, TRIALS, role="operator", headers=KEY) == TRIALS
    assert TRANSACTION in actions
    assert actions - {TRANSACTION} == granted("TrialsApi")


def test_the_flags_api_calls_exactly_the_granted_actions(called):
    from functions.flags_api.handler import lambda_handler

    actions, _ = called
    assert answers(lambda_handler, FLAGS, role="operator") == FLAGS
    assert actions - {TRANSACTION} == granted("FlagsApi")
