"""A batch through its four functions as Lambda starts them, and the permissions of their roles."""

import gzip
import hashlib
import hmac
import json
from datetime import timedelta

import boto3
import pytest

from tests.functions.rights import granted
from tests.support.aws_calls import replace_calls
from tests.support.batch_workers import arrival, record, run, taken
from tests.support.gateway import Context, event
from vigil.bootstrap import process
from vigil.decisions.batches import arrivals, multipart_file, splits
from vigil.decisions.batches.model import derive_batch_id
from vigil.decisions.batches.schemas import BatchBody
from vigil.kernel.json_documents import with_equal_numbers
from vigil.kernel.pseudonyms import TenantKey

GOOD = {"age": 80, "visits": 3, "urban": True, "stage": "III"}


def api(method, path, **arguments):
    from functions.batches_api.handler import lambda_handler

    answer = lambda_handler(event(method, path, **arguments), Context())
    return answer["statusCode"], json.loads(answer["body"])


def post(body, **headers):
    return api("POST", "/v1/batches", body=body, headers=headers)


def test_a_tenant_over_its_storage_limit_creates_no_batch(deployed):
    held = {"pk": {"S": "acme"}, "sk": {"S": "HELD"}, "storage_bytes": {"N": str(10 * 10**9)}}
    boto3.client("dynamodb").put_item(TableName="usage", Item=held)
    status, problem = post({"model": "toy", "format": "csv"})
    assert (status, problem["type"]) == (409, "urn:vigil:problem:storage-full")


def output(name):
    (found,) = boto3.client("s3").list_objects_v2(Bucket="files", Prefix=f"results/acme/{name}")["Contents"]
    return boto3.client("s3").get_object(Bucket="files", Key=found["Key"])


def test_rows_get_the_decisions_of_requests(deployed, caplog):
    from functions.scoring_api.handler import lambda_handler as score

    rows = [{"subject_id": f"p-{n}", "features": GOOD | {"age": 20 * n}} for n in range(7)]
    status, batch = post({"model": "toy", "rows": rows}, **{"X-Correlation-Id": "0000000a-0000-4000-8000-000000000001"})
    assert (status, batch["state"], batch["upload"]) == (202, "awaiting_upload", None)
    run(deployed, batch["batch_id"])
    status, batch = api("GET", f"/v1/batches/{batch['batch_id']}")
    assert (batch["state"], batch["rows"]) == ("completed_with_errors", {"total": 7, "done": 7, "failed": 1})

    results = output(f"{batch['batch_id']}/results")
    assert results["Metadata"]["correlation-id"] == "0000000a-0000-4000-8000-000000000001"
    content = boto3.client("s3").get_object(Bucket="files", Key=f"uploads/acme/{batch['batch_id']}/input")["Body"]
    key, sent = bytes.fromhex(batch["row_key"]), content.read().splitlines()
    lines = [json.loads(line) for line in results["Body"].read().splitlines()]
    assert [line["input_hash"] for line in lines] == [hmac.digest(key, row, "sha256").hex() for row in sent]
    for row, line in zip(rows, lines, strict=True):
        alone = score(event("POST", "/v1/scores", body={"model": "toy", **row}), Context())
        body = json.loads(alone["body"])
        if alone["statusCode"] == 422:
            assert line["errors"] == body["errors"]
            continue
        told = set(line) - {"row", "input_hash", "as_of"}
        assert {name: line[name] for name in told} == {name: body[name] for name in told}
        assert set(body) - told == {"decision_id", "created_at", "explanation", "base_value", "as_of"}

    told = {
        (line.route, line.correlation_id, line.batch_id)
        for line in caplog.records
        if line.message == "request" and hasattr(line, "batch_id")
    }
    for kind in ("batch.arrival", "batch.chunk", "batch.assembly"):
        assert (kind, "0000000a-0000-4000-8000-000000000001", batch["batch_id"]) in told


def test_a_csv_file_is_uploaded_scored_and_answered_in_csv(deployed):
    _, batch = post({"model": "toy", "format": "csv"})
    assert f"uploads/acme/{batch['batch_id']}/input" in batch["upload"]["url"]
    content = b'subject_id,age,stage\np-1,40,II\np-2,"forty",II\n'
    boto3.client("s3").put_object(Bucket="files", Key=f"uploads/acme/{batch['batch_id']}/input", Body=content)
    run(deployed, batch["batch_id"])
    lines = output(f"{batch['batch_id']}/results")["Body"].read().decode().splitlines()
    assert lines[0].startswith("row,input_hash,subject_id,probability")
    assert lines[2].endswith("features.age,must be a number,number")
    status, told = api("GET", f"/v1/batches/{batch['batch_id']}/results")
    assert (status, told["format"]) == (200, "csv")


def test_the_same_key_is_the_same_batch(deployed):
    status, batch = post({"model": "toy", "format": "csv"}, **{"Idempotency-Key": "k"})
    again = post({"model": "toy", "format": "csv"}, **{"Idempotency-Key": "k"})
    assert (status, again[0], again[1]["batch_id"]) == (202, 200, batch["batch_id"])
    assert post({"model": "toy", "format": "ndjson"}, **{"Idempotency-Key": "k"})[0] == 422


ORDER = {"model": "toy", "rows": [{"subject_id": "0712345678", "features": GOOD}]}


def stored_order():
    (item,) = (item for item in boto3.client("dynamodb").scan(TableName="batches")["Items"] if "fingerprint" in item)
    return item


def test_a_stored_order_has_no_digest_that_a_guess_confirms(deployed):
    key = "0712345678"
    post(ORDER, **{"Idempotency-Key": key})
    bare = {hashlib.sha256(text.encode()).hexdigest() for text in order_texts()}
    ids = {derive_batch_id(TenantKey("acme", b"", has_keyed_ids=False), key, 0)}
    text = json.dumps(stored_order())
    assert not [digest for digest in bare | ids if digest in text]


def order_texts():
    """Return the texts whose SHA-256 earlier releases stored for the order."""
    body = BatchBody(**ORDER).model_dump()
    del body["ignore_unknown_columns"]
    return [json.dumps(value, sort_keys=True) for value in (with_equal_numbers(body), body)]


@pytest.mark.parametrize("place", [0, 1])
def test_an_order_of_an_earlier_release_is_found_by_its_key(deployed, place):
    batch = post(ORDER, **{"Idempotency-Key": "k"})[1]["batch_id"]
    old = stored_order() | {"fingerprint": {"S": hashlib.sha256(order_texts()[place].encode()).hexdigest()}}
    boto3.client("dynamodb").put_item(TableName="batches", Item=old)
    status, again = post(ORDER, **{"Idempotency-Key": "k"})
    assert (status, again["batch_id"]) == (200, batch)
    assert post(ORDER | {"rows": [{}]}, **{"Idempotency-Key": "k"})[0] == 422


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"model": "toy"}, "body"),
        ({"model": "toy", "format": "csv", "rows": [{}]}, "body"),
        ({"model": "nothing", "format": "csv"}, "model"),
        ({"model": "toy", "format": "xlsx"}, "format"),
        ({"model": "toy", "rows": []}, "rows"),
        ({"model": "toy", "rows": [{}] * 1001}, "rows"),
        ({"model": "toy", "rows": ["x"]}, "rows.0"),
    ],
)
def test_an_invalid_order_names_its_field(deployed, body, field):
    status, problem = post(body)
    assert (status, problem["errors"][0]["field"]) == (422, field)


def test_anonymous_and_other_tenants_see_no_batch(deployed):
    _, batch = post({"model": "toy", "format": "csv"})
    path = f"/v1/batches/{batch['batch_id']}"
    for method, address in (("GET", path), ("POST", f"{path}/cancel"), ("GET", f"{path}/results")):
        assert api(method, address, tenant=None)[0] == 401
        assert api(method, address, tenant="globex")[0] == 404
    assert api("GET", "/v1/batches", tenant="globex")[1]["items"] == []
    assert [item["batch_id"] for item in api("GET", "/v1/batches")[1]["items"]] == [batch["batch_id"]]


def test_a_viewer_reads_batches_but_cannot_start_or_cancel_them(deployed):
    _, batch = post({"model": "toy", "format": "csv"})
    path = f"/v1/batches/{batch['batch_id']}"
    assert api("GET", path, role="viewer")[0] == 200
    for address, body in (("/v1/batches", {"model": "toy", "format": "csv"}), (f"{path}/cancel", None)):
        assert api("POST", address, role="viewer", body=body)[0] == 403
    assert api("GET", path)[1]["state"] == "awaiting_upload"


def test_a_cancelled_batch_has_state_cancelled(deployed):
    _, batch = post({"model": "toy", "format": "csv"})
    path = f"/v1/batches/{batch['batch_id']}"
    assert api("POST", f"{path}/cancel")[1]["state"] == "cancelled"
    assert api("GET", f"{path}/results")[0] == 409


MEANS = {"ListParts": "ListMultipartUploadParts", "HeadObject": "GetObject"} | dict.fromkeys(
    ("CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"), "PutObject"
)
PARTS = {"Put": "PutItem", "Update": "UpdateItem", "ConditionCheck": "ConditionCheckItem"}
# Calls that Lambda makes with the function's role to receive messages.
FED = {"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"}


def rights(service, operation, arguments):
    """Return the IAM actions that a call needs."""
    if operation == "TransactWriteItems":
        return {f"dynamodb:{PARTS[kind]}" for item in arguments["TransactItems"] for kind in item}
    if operation == "ListObjectVersions":
        return {"s3:ListBucketVersions"}
    if operation == "DeleteObjects":  # with versions
        return {"s3:DeleteObject", "s3:DeleteObjectVersion"}
    tagged = {"s3:PutObjectTagging"} if "Tagging" in arguments else set()
    versioned = {"s3:GetObjectVersion"} if service == "s3" and "VersionId" in arguments else set()
    return {f"{service}:{MEANS.get(operation, operation.removesuffix('Batch'))}"} | versioned | tagged


@pytest.fixture
def called(deployed, monkeypatch):
    """Collect the IAM actions of all AWS calls from now on."""
    actions = set()

    def recording(make, service, operation, arguments):
        actions.update(rights(service, operation, arguments))
        return make(operation, arguments)

    replace_calls(monkeypatch, recording)
    return actions


def called_by_api(called, rows):
    """Return the actions of the API, and the batch of these rows."""
    _, batch = post({"model": "toy", "rows": rows})
    _, other = post({"model": "toy", "format": "ndjson"})
    api("POST", f"/v1/batches/{other['batch_id']}/cancel")
    assert api("POST", "/v1/batches/nothing/cancel", headers={"Idempotency-Key": "k"})[0] == 404
    api("GET", "/v1/batches", query={"limit": "1"})
    return set(called), batch["batch_id"]


def called_by(called, handler, events):
    """Return the actions of a new process of a function that receives these events."""
    called.clear()
    process.forget()
    for each in events:
        handler(each, Context(100_000))
    return set(called)


def test_every_role_grants_exactly_the_calls_of_its_function(deployed, called, monkeypatch):
    from functions.batches_assembly.handler import lambda_handler as assemble
    from functions.batches_chunk.handler import lambda_handler as score
    from functions.batches_split.handler import lambda_handler as split

    monkeypatch.setattr(splits, "CHUNKS_PER_WRITE", 1)
    monkeypatch.setattr(multipart_file, "PART_BYTES", 1)
    row = {"subject_id": "p", "features": GOOD}
    process.forget()
    by_api, batch_id = called_by_api(called, [row, {}])

    _, packed = post({"model": "toy", "format": "ndjson"})
    content = gzip.compress(json.dumps(row).encode() + b"\n")
    key = f"uploads/acme/{packed['batch_id']}/input"
    version = boto3.client("s3").put_object(Bucket="files", Key=key, Body=content)["VersionId"]
    _, refused = post({"model": "toy", "format": "csv"})
    bad_key = f"uploads/acme/{refused['batch_id']}/input"
    bad_version = boto3.client("s3").put_object(Bucket="files", Key=bad_key, Body=b"note\n1\n")["VersionId"]
    process.forget()
    rows_key = f"uploads/acme/{batch_id}/input"
    rows_version = boto3.client("s3").head_object(Bucket="files", Key=rows_key)["VersionId"]
    boto3.client("s3").put_object(Bucket="files", Key="uploads/acme/nobody/input", Body=b"x")
    called.clear()
    split(arrival(rows_key, 1, rows_version), Context(100_000))
    split(arrival(bad_key, 7, bad_version), Context(100_000))
    split(arrival(key, len(content), version), Context(5_000))  # out of time: it sends a message to itself
    monkeypatch.setattr(arrivals, "STRAY_PAUSE", timedelta())
    split(arrival("uploads/acme/nobody/input", 1), Context(100_000))
    split({"Records": [record("m-1", "unreadable", {}, "batch_splits")]}, Context(100_000))
    by_split = set(called)
    by_split |= called_by(called, split, taken(deployed["batch_splits"]))
    by_score = called_by(called, score, taken(deployed["batch_chunks"]))
    by_assembly = called_by(called, assemble, taken(deployed["batch_assemblies"]))
    by_assembly |= called_by(called, assemble, taken(deployed["batch_assemblies"]))  # the errors, and the end
    # A presigned URL has the permissions of its signer. Every role has the key of the tables.
    assert by_api - {"kms:Decrypt"} | {"s3:GetObject"} == granted("BatchesApi")
    assert by_split | FED == granted("BatchesSplit")
    assert by_score - {"kms:Decrypt"} | FED == granted("BatchesChunk")
    assert by_assembly | FED == granted("BatchesAssembly")
