"""Files of batches through the front door: unknown columns, lost rows, and outputs bounded by the rows."""

import json
from importlib import import_module

import boto3
import pytest

from tests.support.batch_workers import arrival, run, taken
from tests.support.dead_letter_queues import create_queues
from tests.support.gateway import Context, event
from vigil.bootstrap import process
from vigil.decisions.batches import splits
from vigil.workers.queues import ReceivedMessage, SqsQueue

GOOD = {"age": 80, "visits": 3, "urban": True, "stage": "III"}
MAX_ERROR_LINE_BYTES = 4_096


def handler(function):
    return import_module(f"functions.{function}.handler").lambda_handler


def api(method, path, function="batches_api", **arguments):
    answer = handler(function)(event(method, path, **arguments), Context())
    return answer["statusCode"], json.loads(answer["body"])


def order(**body):
    """Order a batch of a file and return its id and the key of the file."""
    status, batch = api("POST", "/v1/batches", body={"model": "toy", **body})
    assert status == 202
    return batch["batch_id"], f"uploads/acme/{batch['batch_id']}/input"


def answered(deployed, content, **body):
    """Upload a file, run the workers and return the ended batch."""
    batch_id, key = order(**body)
    boto3.client("s3").put_object(Bucket="files", Key=key, Body=content)
    run(deployed, batch_id)
    return api("GET", f"/v1/batches/{batch_id}")[1]


def output(batch, name):
    """Return the lines of an output of a batch, without the header of CSV results."""
    prefix = f"results/acme/{batch['batch_id']}/{name}"
    (found,) = boto3.client("s3").list_objects_v2(Bucket="files", Prefix=prefix)["Contents"]
    lines = boto3.client("s3").get_object(Bucket="files", Key=found["Key"])["Body"].read().splitlines(keepends=True)
    return lines[batch["format"] == "csv" and name == "results" :]


SURVEY = b"subject_id,age,village,stage,phone\np-1,40,Kisumu,II,0712345678\n"


def test_unknown_columns_are_left_out_and_listed_if_ordered(deployed):
    batch = answered(deployed, SURVEY, format="csv", ignore_unknown_columns=True)
    assert (batch["state"], batch["ignored_columns"]) == ("completed", ["village", "phone"])
    (line,) = output(batch, "results")
    assert b"p-1" in line
    assert not [cell for cell in (b"Kisumu", b"0712345678") if cell in line]
    alone = answered(deployed, b"subject_id,age,stage\np-1,40,II\n", format="csv")
    probability = 3
    assert line.split(b",")[probability] == output(alone, "results")[0].split(b",")[probability]


def test_unknown_columns_fail_the_batch_with_the_remedy_otherwise(deployed):
    batch = answered(deployed, SURVEY, format="csv")
    assert (batch["state"], batch["ignored_columns"]) == ("failed", [])
    assert [error["field"] for error in batch["errors"]] == ["header", "header.village", "header.phone"]
    assert "`ignore_unknown_columns`" in batch["errors"][0]["bound"]


@pytest.mark.parametrize("body", [{"format": "ndjson"}, {"rows": [{"subject_id": "p", "features": GOOD}]}])
def test_only_csv_files_have_unknown_columns(deployed, body):
    status, problem = api("POST", "/v1/batches", body={"model": "toy", "ignore_unknown_columns": True, **body})
    assert (status, problem["errors"][0]["message"]) == (422, "ignore_unknown_columns requires the format csv")


def count_predictions():
    """Deliver every row of the table of batches to the function that counts usage, twice."""
    rows = boto3.client("dynamodb").scan(TableName="batches")["Items"]
    places = {"SequenceNumber": "1", "ApproximateCreationDateTime": process.now().timestamp()}
    records = [
        {"eventName": "MODIFY", "dynamodb": {"Keys": {name: row[name] for name in ("pk", "sk")}, "NewImage": row}}
        for row in rows
    ]
    for number, each in enumerate(records):
        each["dynamodb"] |= places | {"SequenceNumber": str(number)}
    for _ in range(2):
        assert handler("usage_counters")({"Records": records}, Context()) == {"batchItemFailures": []}


def test_lost_rows_are_neither_counted_nor_charged(deployed, monkeypatch):
    monkeypatch.setattr(splits, "CHUNK_ROWS", 2)
    urls = create_queues(monkeypatch)
    process.forget()
    status, batch = api(
        "POST", "/v1/batches", body={"model": "toy", "rows": [{"subject_id": "p", "features": GOOD}] * 6}
    )
    key = f"uploads/acme/{batch['batch_id']}/input"
    handler("batches_split")(
        arrival(key, 1, boto3.client("s3").head_object(Bucket="files", Key=key)["VersionId"]), Context(100_000)
    )
    given_up, *others = taken(urls["batch-chunks"])
    for chunk in others:
        handler("batches_chunk")(chunk, Context(100_000))
    assert api("GET", "/v1/usage", "usage_api")[1]["quota"]["used"] == 6  # reserved
    received = ReceivedMessage.from_event(given_up["Records"][0])
    SqsQueue(boto3.client("sqs"), urls["batch-chunks-dead"]).quarantine(received, "model-refused", received.message())
    assert handler("dead_letters_redrive")({"id": "m"}, Context(50_000)) == {"recorded": 1, "parked": 1}
    for _ in ("results", "errors"):
        for joined in taken(urls["batch-assemblies"]):
            handler("batches_assembly")(joined, Context(100_000))
    ended = api("GET", f"/v1/batches/{batch['batch_id']}")[1]
    assert (status, ended["state"], ended["rows"]["failed"]) == (202, "completed_with_errors", 2)
    ((first, last),) = ended["lost_rows"]
    assert last - first == 1
    count_predictions()
    usage = api("GET", "/v1/usage", "usage_api")[1]
    assert (usage["quota"]["used"], usage["total"]["predictions"]) == (4, 4)


LONG = "n" * 3_000
BAD_ROWS = [
    {"subject_id": "p", "features": {f"{LONG}{number}": LONG for number in range(60)}},
    {"subject_id": LONG * 60, "features": GOOD},
    {"subject_id": "p", "features": dict.fromkeys(GOOD, LONG * 15)},
    {f"{LONG}{number}": LONG for number in range(30)},
    LONG * 60,
]


def lines_of(form, rows):
    if form == "ndjson":
        return [json.dumps(row).encode() for row in rows]
    header = b"subject_id,age,stage," + b",".join(b"column-%d" % number for number in range(190))
    cells = [b"p-1,40,II," + b"x," * 189, b"p-2,%b,II," % (b"9" * 90_000), b"%b,40,II," % (b"s" * 90_000), b'"a""b",4']
    return [header, *(cells[number % len(cells)] for number in range(len(rows)))]


@pytest.mark.parametrize("form", ["ndjson", "csv"])
def test_outputs_of_a_file_are_bounded_by_its_rows(deployed, form):
    """Results have at most rows x max(answer, 4 KiB), errors at most rows x 4 KiB, however long the rows are."""
    rows = [*BAD_ROWS * 4, *[{"subject_id": "p-1", "features": GOOD}] * 3]
    content = b"\n".join(lines_of(form, rows)) + b"\n"
    batch = answered(deployed, content, format=form, **({"ignore_unknown_columns": True} if form == "csv" else {}))
    assert (batch["state"], batch["rows"]["total"]) == ("completed_with_errors", len(rows))
    results, errors = output(batch, "results"), output(batch, "errors")
    assert (len(results), len(errors)) == (len(rows), batch["rows"]["failed"])
    bad = {json.loads(line)["row"] for line in errors}
    answer = max(len(line) for number, line in enumerate(results, 1) if number not in bad)
    assert sum(map(len, errors)) <= len(errors) * MAX_ERROR_LINE_BYTES <= len(rows) * MAX_ERROR_LINE_BYTES
    assert sum(map(len, results)) <= len(rows) * max(answer, MAX_ERROR_LINE_BYTES)
    assert max(len(line) for line in [*results, *errors]) <= max(answer, MAX_ERROR_LINE_BYTES)
    assert len(content) > 5 * len(rows) * MAX_ERROR_LINE_BYTES  # the input is larger than the bound
