"""Batches of a tenant that is suspended or leaves: no row is scored or charged from then on."""

import json

import boto3
import pytest

from tests.support.batch_workers import assemble, score, split, taken
from tests.support.gateway import Context, event
from vigil.access.tenants.service import TenantChange
from vigil.bootstrap import access, process
from vigil.decisions.batches import splits
from vigil.kernel.time import format_timestamp

ROW = {"subject_id": "p", "features": {"age": 80, "visits": 3, "urban": True, "stage": "III"}}
CHUNKS = 6
"""More chunks than lanes."""


def api(method, path, **arguments):
    from functions.batches_api.handler import lambda_handler

    answer = lambda_handler(event(method, path, **arguments), Context())
    return json.loads(answer["body"])


def state(batch_id):
    found = api("GET", f"/v1/batches/{batch_id}")
    return found["state"], found["reason"]


def quota_used():
    """Return the predictions that are charged to the tenant in this month."""
    month = {"pk": {"S": f"acme#{format_timestamp(process.now())[:7]}"}}
    items = boto3.client("dynamodb").scan(TableName="usage")["Items"]
    return sum(int(item["used"]["N"]) for item in items if item["pk"] == month["pk"] and "used" in item)


@pytest.fixture
def batch_id(deployed, monkeypatch):
    """A batch whose file is split, for a tenant with a quota."""
    monkeypatch.setattr(splits, "CHUNK_ROWS", 1)
    made = api("POST", "/v1/batches", body={"model": "toy", "rows": [ROW] * CHUNKS})["batch_id"]
    split(made)
    assert state(made) == ("running", None)
    return made


def change(status):
    access.tenants().change("acme", TenantChange(status=status))


def parts():
    found = boto3.client("s3").list_objects_v2(Bucket="files", Prefix="parts/")
    return [each["Key"] for each in found.get("Contents", ())]


@pytest.mark.parametrize("status", ["suspended", "offboarding"])
def test_a_chunk_of_an_inactive_tenant_cancels_the_batch(deployed, batch_id, status):
    assert quota_used() == CHUNKS
    change(status)
    assert score(deployed) == 4
    assert parts() == []
    assemble(deployed)
    assert state(batch_id) == ("cancelled", "tenant: is not active")
    assert (quota_used(), score(deployed), taken(deployed["dead"])) == (0, 0, [])


def test_a_suspended_tenant_pays_only_for_rows_that_were_scored_before(deployed, batch_id):
    assert score(deployed, 1) == 1
    change("suspended")
    score(deployed)
    assemble(deployed)
    assert state(batch_id) == ("cancelled", "tenant: is not active")
    assert (len(parts()), quota_used(), score(deployed)) == (1, 1, 0)


def test_a_tenant_that_is_suspended_before_the_assembly_gets_no_results(deployed, batch_id):
    while score(deployed):
        pass
    change("suspended")
    assemble(deployed)
    assert state(batch_id) == ("cancelled", "tenant: is not active")
    assert boto3.client("s3").list_objects_v2(Bucket="files", Prefix="results/")["KeyCount"] == 0


def test_a_tenant_that_resumes_too_late_has_its_batch_cancelled(deployed, batch_id):
    """The lanes have ended, so that the batch would wait for ever."""
    change("suspended")
    score(deployed)
    change("active")
    assemble(deployed)
    assert state(batch_id) == ("cancelled", "tenant: is not active")


def test_an_ended_batch_of_a_suspended_tenant_stays_as_it_is(deployed, batch_id):
    while score(deployed):
        pass
    messages = taken(deployed["batch_assemblies"])
    from functions.batches_assembly.handler import lambda_handler

    for _ in range(2):  # results, errors
        [lambda_handler(each, Context(100_000)) for each in messages]
        messages += taken(deployed["batch_assemblies"])
    assert state(batch_id) == ("completed", None)
    change("suspended")
    [lambda_handler(each, Context(100_000)) for each in messages]
    assert state(batch_id) == ("completed", None)
