"""An erasure from a batch that is still running, wired as deployed."""

import gzip
import json
from datetime import timedelta

import boto3
import pytest

from tests.support.batch_workers import assemble, score, split, taken
from tests.support.persons import FEATURES, JANE, person, read_all_stores, run_erasures
from vigil.decisions.batches import splits
from vigil.decisions.batches.running_erasure import MAX_WAIT

GOOD = {"subject_id": JANE, "features": FEATURES}
ROWS = [
    GOOD,
    GOOD | {"features": FEATURES | {"age": 1_000}},
    GOOD | {"features": {"CANARY": 1}},
    {"subject_id": [JANE], "CANARY": 1},
    {"subject_id": "joe-doe", "features": FEATURES},
    {"subject_id": "joe-doe", "features": {"age": 1_000}},
]
MINE = (1, 2, 3, 4)
"""Numbers of the person's rows in each chunk."""
CHUNKS = 5


@pytest.fixture(params=[bytes, gzip.compress], ids=["plain", "gzip"])
def running(clock, api, deployed, monkeypatch, request):
    """A batch of five chunks, of which the first one is done."""
    monkeypatch.setattr(splits, "CHUNK_ROWS", len(ROWS))
    made = api("POST", "/v1/batches", body={"model": "toy", "format": "ndjson"})[1]["batch_id"]
    content = request.param("\n".join(map(json.dumps, ROWS * CHUNKS)).encode())
    boto3.client("s3").put_object(Bucket="files", Key=f"uploads/acme/{made}/input", Body=content)
    split(made)
    assert score(deployed, 1) == 1
    return made


def files():
    """Return the text of every version of every file by its key."""
    s3 = boto3.client("s3")
    return [
        (found["Key"], s3.get_object(Bucket="files", Key=found["Key"], VersionId=found["VersionId"])["Body"].read())
        for found in s3.list_object_versions(Bucket="files")["Versions"]
    ]


def lines_of(content):
    return [json.loads(line) for line in content.splitlines()]


def check(stored):
    """Every line of the person says only that the row was erased. Return the number of these lines."""
    assert not [key for key, content in stored if JANE.encode() in content or b"CANARY" in content]
    outputs = [lines_of(content) for key, content in stored if key.startswith(("parts/", "results/"))]
    mine = [line for lines in outputs for line in lines if (line["row"] - 1) % len(ROWS) + 1 in MINE]
    assert all((line["input_hash"], len(line["errors"])) == (None, 1) for line in mine)
    assert all("was erased" in line["errors"][0]["message"] for line in mine)
    return len(mine)


def test_an_erasure_from_a_running_batch_leaves_row_numbers(clock, api, deployed, running):
    api("DELETE", person())
    assert run_erasures() == {"closed": []}
    score(deployed, 2)
    clock.now += MAX_WAIT + timedelta(minutes=3)
    assert api("GET", f"/v1/batches/{running}")[1]["state"] == "running"
    assert run_erasures() == {"closed": ["acme"]}
    assert check(files()) > len(MINE)
    certificate = json.loads(api("GET", f"{person()}/erasure")[1]["certificates"][0]["payload"])
    assert any("line that says that it was erased" in sentence for sentence in certificate["kept"])

    while score(deployed):
        pass
    assemble(deployed)
    assert taken(deployed["dead"]) == []
    assert api("GET", f"/v1/batches/{running}")[1]["state"] == "completed_with_errors"
    assert check(files()) >= 2 * CHUNKS * len(MINE) - len(MINE)
    assert not [place for place, text in read_all_stores().items() if JANE in text]


BAD_CSV = b"subject_id,age,stage\njoe-doe,40,II\njane-roe;40;CANARY\njane-roe,40,II\njoe-doe;41;II\n"


def test_a_bad_row_is_erased_from_the_csv_input_of_a_running_batch(clock, api, deployed):
    made = api("POST", "/v1/batches", body={"model": "toy", "format": "csv"})[1]["batch_id"]
    boto3.client("s3").put_object(Bucket="files", Key=f"uploads/acme/{made}/input", Body=BAD_CSV)
    split(made)
    api("DELETE", person())
    assert run_erasures() == {"closed": []}
    clock.now += MAX_WAIT + timedelta(minutes=3)
    run_erasures(2)
    assert [content for key, content in files() if key.startswith("plain/")] == [
        b"subject_id,age,stage\njoe-doe,40,II\n" + bytes(18) + b"\n" + bytes(14) + b"\njoe-doe;41;II\n"
    ]
    score(deployed)
    assemble(deployed)
    clock.now += timedelta(hours=2)
    run_erasures()
    assert len(api("GET", f"{person()}/erasure")[1]["certificates"]) == 1
    assert not [place for place, text in read_all_stores().items() if JANE in text or "CANARY" in text]
    lines = next(content for key, content in files() if key == f"results/acme/{made}/results.csv").splitlines()
    assert [b"was erased" in line for line in lines] == [False, False, True, True, False]
