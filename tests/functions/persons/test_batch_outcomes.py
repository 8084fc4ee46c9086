"""Outcomes of rows of batches, and the rights of their persons, wired as deployed."""

import json
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from tests.support.batch_workers import run, score, split, taken
from tests.support.gateway import Context
from tests.support.join_files import open_stored
from tests.support.persons import FEATURES, JANE, JOE, export_all, person, read_all_stores, run_erasures
from vigil.bootstrap import stores
from vigil.decisions.batches.store import DynamoBatches
from vigil.errors import Unavailable

ROWS = [{"subject_id": name, "features": FEATURES} for name in (JANE, JOE)]
BAD = {"subject_id": JOE, "features": FEATURES | {"age": 1_000}}


@pytest.fixture
def batch(api, deployed):
    made = api("POST", "/v1/batches", body={"model": "toy", "rows": [*ROWS, BAD]})[1]["batch_id"]
    run(deployed, made)
    return made


def report(api, status="occurred", seconds=0, tenant="acme", **target):
    recorded_at = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=5 + seconds)
    body = {"status": status, "recorded_at": recorded_at.isoformat(), **target}
    return api("POST", "/v1/outcomes", body=body, tenant=tenant)


def test_an_outcome_of_a_row_is_reported_corrected_listed_and_read(api, batch):
    status, first, _ = report(api, batch_id=batch, row=1)
    (made,) = first["items"]
    assert (status, made["decision_id"], made["model"], made["model_version"]) == (201, f"{batch}.1", "toy", 1)
    assert report(api, "not_occurred", 1, batch_id=batch, row=1)[0] == 201
    found = api("GET", f"/v1/outcomes/{batch}.1")[1]
    assert [found["status"], *(each["status"] for each in found["history"])] == [
        "not_occurred", "occurred", "not_occurred",
    ]  # fmt: skip
    assert [each["decision_id"] for each in api("GET", "/v1/outcomes")[1]["items"]] == [f"{batch}.1"]


def test_each_cause_of_an_unknown_row_has_a_sentence_of_its_own(api, batch):
    empty = api("POST", "/v1/batches", body={"model": "toy", "format": "csv"})[1]["batch_id"]
    causes = {
        (batch, 3, "acme"): "has no answer",
        (batch, 4, "acme"): "no scored row",
        (batch, 10_000_000, "acme"): "no scored row",
        (empty, 1, "acme"): "no scored row",
        ("bat_other", 1, "acme"): "no such batch",
        (batch, 1, "globex"): "no such batch",
    }
    for (batch_id, row, tenant), cause in causes.items():
        for target in ({"batch_id": batch_id, "row": row}, {"decision_id": f"{batch_id}.{row}"}):
            status, problem, _ = report(api, tenant=tenant, **target)
            assert (status, cause in problem["detail"]) == (404, True)


def test_a_row_is_reported_by_the_id_that_its_outcome_has(api, batch):
    assert report(api, decision_id=f"{batch}.1")[1]["items"][0]["decision_id"] == f"{batch}.1"
    assert api("GET", f"/v1/outcomes/{batch}.1")[0] == 200


@pytest.mark.parametrize(
    "target",
    [
        {"row": 1},
        {"batch_id": "bat_1"},
        {"batch_id": "bat_1", "row": 1, "decision_id": "dec-1"},
        {"batch_id": "bat_1", "row": 0},
        {"batch_id": "bat_1", "row": 10_000_001},
    ],
)
def test_another_form_of_the_target_is_refused(api, target):
    assert report(api, **target)[0] == 422


def test_a_row_of_an_expired_join_file_is_unknown(api, batch):
    boto3.client("s3").delete_object(Bucket="files", Key=f"joins/acme/{batch}/000000")
    status, problem, _ = report(api, batch_id=batch, row=1)
    assert (status, "no longer joined" in problem["detail"]) == (404, True)


def test_an_erasure_deletes_the_outcomes_of_rows(api, batch):
    for row in (1, 2):
        assert report(api, batch_id=batch, row=row)[0] == 201
    entries = [each for each in export_all(api)[0]["batch_rows"] if each["file"] == "joins/000000"]
    assert [(each["row"]["row"], each["outcomes"][0]["status"]) for each in entries] == [(1, "occurred")]

    api("DELETE", person())
    assert run_erasures() == {"closed": ["acme"]}
    assert not [place for place, text in read_all_stores().items() if JANE in text]
    assert report(api, batch_id=batch, row=1)[0] == 410
    assert api("GET", f"/v1/outcomes/{batch}.1")[0] == 404
    assert api("GET", f"/v1/outcomes/{batch}.2")[0] == 200
    assert report(api, "excluded", 1, batch_id=batch, row=2)[0] == 201
    assert export_all(api)[0]["batch_rows"] == []
    assert "joins/000000" in [each["file"] for each in export_all(api, JOE)[0]["batch_rows"]]


def test_a_certificate_counts_a_batch_with_only_join_files_once(api, batch):
    s3 = boto3.client("s3")
    for stored in s3.list_object_versions(Bucket="files")["Versions"]:
        if not stored["Key"].startswith("joins/"):
            s3.delete_object(Bucket="files", Key=stored["Key"], VersionId=stored["VersionId"])
    api("DELETE", person())
    assert run_erasures() == {"closed": ["acme"]}
    (sealed,) = api("GET", f"{person()}/erasure")[1]["certificates"]
    assert json.loads(sealed["payload"])["stores"]["batches"]["erased"] == 1


def killed(*_):
    raise Unavailable("The process was killed.")


def test_a_chunk_that_is_scored_twice_leaves_the_same_files(api, deployed):
    made = api("POST", "/v1/batches", body={"model": "toy", "rows": [*ROWS, BAD]})[1]["batch_id"]
    split(made)
    s3, key, (message,) = boto3.client("s3"), f"joins/acme/{made}/000000", taken(deployed["batch_chunks"])
    from functions.batches_chunk.handler import lambda_handler

    with pytest.MonkeyPatch.context() as patch:  # the delivery is killed before it settles the chunk
        patch.setattr(DynamoBatches, "settle", killed)
        assert lambda_handler(message, Context(100_000))["batchItemFailures"]
    first = s3.get_object(Bucket="files", Key=key)["Body"].read()
    assert stores.scored_chunks().find("acme", made, 1) is None
    assert report(api, batch_id=made, row=1)[0] == 404  # the row does not count yet
    for _ in range(2):
        assert lambda_handler(message, Context(100_000)) == {"batchItemFailures": []}
    assert s3.get_object(Bucket="files", Key=key)["Body"].read() == first
    rows = open_stored(key, first, stores.tenant_key)
    assert (list(rows.subject_ids), list(rows.band_codes[2:])) == ([JANE, JOE, ""], [0])
    assert [chunk.batch_id for chunk in stores.scored_chunks().between("acme", "2000", "9999")] == [made]
    tags = s3.get_object_tagging(Bucket="files", Key=key)["TagSet"]
    assert tags == [{"Key": "kept-days", "Value": "64"}]  # 28 days to the label, and 31 for late reports
    assert score(deployed) == 0
