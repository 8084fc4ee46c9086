"""What tests of the rights of persons share: a deployment with two persons in every store, and a look at all of it."""

import json
from datetime import UTC, datetime

import boto3
import pytest

from tests.support.batch_workers import run
from tests.support.gateway import Context, event
from tests.support.tables import TABLES
from vigil.bootstrap import access, process

JANE, JOE = "jane-roe", "joe-doe"
FEATURES = {"age": 80, "visits": 3, "urban": True, "stage": "III"}
KEEPING = {"consents": "true"}
PLENTY = Context(300_000)


@pytest.fixture
def api(deployed):
    from functions.batches_api import handler as batches
    from functions.outcomes_api import handler as outcomes
    from functions.persons_api import handler as subjects
    from functions.scoring_api import handler as scoring

    functions = {"scores": scoring, "outcomes": outcomes, "batches": batches, "subjects": subjects}

    def call(method, path, **arguments):
        function = functions[path.split("/")[2]]
        arguments = {"role": "admin"} | arguments
        answer = function.lambda_handler(event(method, path, **arguments), PLENTY)
        return answer["statusCode"], json.loads(answer["body"] or "null"), answer["headers"]

    for tenant in ("acme", "globex"):
        access.tenants().create(tenant, "FREE")
    return call


def declare(api, stance, subject=JANE, **arguments):
    body = {"purposes": {"scoring": stance}, "text_version": "2026-03"}
    return api("PUT", f"/v1/subjects/{subject}/consent", body=body, **arguments)


def score(api, subject=JANE, key=None, **arguments):
    headers = {"Idempotency-Key": key} if key else {}
    body = {"model": "toy", "subject_id": subject, "features": FEATURES}
    return api("POST", "/v1/scores", body=body, headers=headers, **arguments)


def batch(api, deployed, form, *subjects):
    """Score subjects in a file of the tenant's, and return the batch."""
    if form == "ndjson":
        body = {"model": "toy", "rows": [{"subject_id": subject, "features": FEATURES} for subject in subjects]}
        made = api("POST", "/v1/batches", body=body)[1]
    else:
        made = api("POST", "/v1/batches", body={"model": "toy", "format": "csv"})[1]
        lines = ["subject_id,age,stage", *(f"{subject},40,II" for subject in subjects)]
        key = f"uploads/acme/{made['batch_id']}/input"
        boto3.client("s3").put_object(Bucket="files", Key=key, Body="\n".join(lines).encode())
    run(deployed, made["batch_id"])
    return made["batch_id"]


def outcome(api, decision, subject=JANE):
    body = {"decision_id": decision, "status": "occurred", "recorded_at": datetime.now(UTC).isoformat()}
    return api("POST", "/v1/outcomes", body=body)


@pytest.fixture
def planted(api, deployed):
    """Two persons in every store, of one tenant, and the first of another one too; yields the decisions of Jane."""
    decisions = []
    for subject in (JANE, JANE, JOE):
        made = score(api, subject, key=f"k-{subject}-{len(decisions)}")[1]["decision_id"]
        assert outcome(api, made)[0] == 201
        decisions += [made] if subject == JANE else []
        declare(api, "given", subject)
    score(api, tenant="globex")
    declare(api, "given", tenant="globex")
    files = [batch(api, deployed, form, JANE, JOE) for form in ("ndjson", "csv")]
    return decisions, files


def exported(api, subject=JANE, **arguments):
    found, cursor, parts = {}, None, 0
    while True:
        query = {"cursor": cursor} if cursor else None
        status, part, _ = api("GET", f"/v1/subjects/{subject}/export", query=query, **arguments)
        assert status == 200
        for store, entries in part["data"].items():
            found.setdefault(store, []).extend(entries)
        parts += 1
        if not (cursor := part["next_cursor"]):
            return found, parts


def everything():
    """Return all that is kept anywhere: each item of each table, and each version of each object, as text by place."""
    dynamodb, s3 = boto3.client("dynamodb"), boto3.client("s3")
    kept = {}
    for table in TABLES.values():
        for item in dynamodb.scan(TableName=table)["Items"]:
            kept[table, item["pk"]["S"], item.get("sk", {}).get("S")] = json.dumps(item)
    for found in s3.list_object_versions(Bucket="files").get("Versions", []):
        key, version = found["Key"], found["VersionId"]
        content = s3.get_object(Bucket="files", Key=key, VersionId=version)["Body"].read()
        kept["files", key, version] = content.decode()
    return kept


def erased(times=1):
    from functions.persons_erasure.handler import lambda_handler

    process.forget()
    return [lambda_handler({"id": "run"}, PLENTY) for _ in range(times)][-1]
