"""Requests about persons to functions in process, and helpers to read all stored data."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias

import boto3

from tests.support.batch_workers import run
from tests.support.gateway import Context
from tests.support.join_files import readable
from tests.support.ledger_rows import unpacked_item
from tests.support.tables import TABLES
from vigil.bootstrap import process, stores

Answer: TypeAlias = tuple[int, Any, Mapping[str, str]]
Api: TypeAlias = Callable[..., Answer]

JANE, JOE = "jane-roe", "joe-doe"
FEATURES = {"age": 80, "visits": 3, "urban": True, "stage": "III"}
RECORDS_CONSENTS = {"consents": "true"}
LONG_CONTEXT = Context(300_000)


def person(subject: str = JANE, tenant: str = "acme") -> str:
    """Return the path of a person."""
    return f"/v1/subjects/{stores.tenant_key(tenant).pseudonym(subject)}"


def declare(api: Api, stance: str, subject: str = JANE, **arguments: Any) -> Answer:
    body = {"purposes": {"scoring": stance}, "text_version": "2026-03"}
    path = person(subject, arguments.get("tenant", "acme"))
    return api("PUT", f"{path}/consent", body=body, **arguments)


def score(api: Api, subject: str = JANE, key: str | None = None, **arguments: Any) -> Answer:
    headers = {"Idempotency-Key": key} if key else {}
    body = {"model": "toy", "subject_id": subject, "features": FEATURES}
    return api("POST", "/v1/scores", body=body, headers=headers, **arguments)


def batch(api: Api, deployed: Mapping[str, str], form: str, *subjects: str) -> str:
    """Score subjects in a file of the tenant; return the batch id."""
    if form == "ndjson":
        body = {"model": "toy", "rows": [{"subject_id": subject, "features": FEATURES} for subject in subjects]}
        made = api("POST", "/v1/batches", body=body)[1]
    else:
        made = api("POST", "/v1/batches", body={"model": "toy", "format": "csv"})[1]
        lines = ["subject_id,age,stage", *(f"{subject},40,II" for subject in subjects)]
        key = f"uploads/acme/{made['batch_id']}/input"
        boto3.client("s3").put_object(Bucket="files", Key=key, Body="\n".join(lines).encode())
    run(deployed, made["batch_id"])
    return str(made["batch_id"])


def outcome(api: Api, decision: str) -> Answer:
    body = {"decision_id": decision, "status": "occurred", "recorded_at": datetime.now(UTC).isoformat()}
    return api("POST", "/v1/outcomes", body=body)


def export_all(api: Api, subject: str = JANE, **arguments: Any) -> tuple[dict[str, list[Any]], int]:
    found: dict[str, list[Any]] = {}
    path, cursor, parts = person(subject, arguments.get("tenant", "acme")), None, 0
    while True:
        query = {"cursor": cursor} if cursor else None
        status, part, _ = api("GET", f"{path}/export", query=query, **arguments)
        assert status == 200
        for store, entries in part["data"].items():
            found.setdefault(store, []).extend(entries)
        parts += 1
        if not (cursor := part["next_cursor"]):
            return found, parts


def read_all_stores() -> dict[tuple[str, str, str | None], str]:
    """Return all stored data: each item of each table, and each version of each object, as text by place."""
    dynamodb, s3 = boto3.client("dynamodb"), boto3.client("s3")
    stored: dict[tuple[str, str, str | None], str] = {}
    for table in TABLES.values():
        for item in dynamodb.scan(TableName=table)["Items"]:
            stored[table, item["pk"]["S"], item.get("sk", {}).get("S")] = json.dumps(unpacked_item(item), default=repr)
    for found in s3.list_object_versions(Bucket="files").get("Versions", []):
        key, version = found["Key"], found["VersionId"]
        content = s3.get_object(Bucket="files", Key=key, VersionId=version)["Body"].read()
        stored["files", key, version] = readable(key, content, stores.tenant_key)
    return stored


def run_erasures(times: int = 1) -> Any:
    from functions.persons_erasure.handler import lambda_handler

    process.forget()
    return [lambda_handler({"id": "run"}, LONG_CONTEXT) for _ in range(times)][-1]
