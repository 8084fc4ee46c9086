"""Actions that the roles grant, and requests shared by the role tests."""

from array import array
from datetime import UTC, datetime
from pathlib import Path

import boto3

from tests.support.gateway import Context, event
from tests.support.templates import roles
from vigil.bootstrap import stores
from vigil.decisions.batches.chunks_model import Chunk, ChunkRange
from vigil.decisions.batches.join_model import JoinFile
from vigil.decisions.batches.join_sealing import seal_rows
from vigil.decisions.batches.model import Batch
from vigil.decisions.batches.scored_chunks_store import scored_item
from vigil.decisions.batches.store import DynamoBatches
from vigil.kernel.rows import ModelRef
from vigil.prediction.engines.contract import Label

ROOT = Path(__file__).parents[2]
DATA_SERVICES = {"dynamodb", "events", "s3", "secretsmanager", "sqs"}
# A transaction needs no action of its own, only those of its parts.
TRANSACTION = "dynamodb:TransactWriteItems"
# Actions of Lambda itself under the function's role, to read the stream.
FEEDING = {f"dynamodb:{call}" for call in ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")}
GIVING_UP = {"sqs:SendMessage"}
ID = "8e4f0f3c-6a39-4c2e-9d0b-0c6a0d7d5b1e"
BODY = {"model": "toy", "subject_id": "p-1", "features": {"age": 80}}
KEY = {"Idempotency-Key": "k"}


def granted(function):
    """Return the actions on stores and queues granted by a function's role."""
    statements = roles()[function]["Policies"][0]["PolicyDocument"]["Statement"]
    actions = {action for statement in statements for action in statement["Action"]}
    return {action for action in actions if action.split(":")[0] in DATA_SERVICES}


def answers(handler, requests, remaining_ms=10_000, **caller):
    """Send a table of requests; return each with its real status in place of the expected one."""
    found = []
    for method, path, arguments, _ in requests:
        answer = handler(event(method, path, **caller | arguments), Context(remaining_ms))
        found.append((method, path, arguments, answer["statusCode"]))
    return found


def running_batch(name):
    """Return a running batch with two unfinished chunks."""
    now = datetime.now(UTC).isoformat()
    pin = ModelRef("toy", 1, "sha256:0")
    batch = Batch("acme", name * 32, "toy", "csv", "splitting", now, "corr-1", "f", 0, run="r", pin=pin, chunks=2)
    books = DynamoBatches(boto3.client("dynamodb"), "batches")
    books.create(batch, 10)
    books.add_chunks(batch, [ChunkRange(0, 0, 10, 1, 1), ChunkRange(1, 10, 10, 2, 1)])
    running = books.change(batch, ["splitting"], {"state": "running"})
    assert running is not None
    return running


def have_a_scored_row(batch):
    """Store the join file of row 1 of a batch, an answer about the person `p-1` that was given now."""
    now = datetime.now(UTC).isoformat()
    file = JoinFile(
        model="toy", version=1, label=Label("trouble", "", 1), bands=("low",), flagged=(), as_of=now, first_row=1,
        probabilities=array("f", [0.5]), band_codes=bytes([1]), subject_ids=("p-1",),
    )  # fmt: skip
    chunk = Chunk(ChunkRange(0, 0, 10, 1, 1), part_sha256="0", scored_at=now)
    sealed = seal_rows(file, stores.tenant_key(batch.tenant_id), batch.batch_id)
    boto3.client("s3").put_object(Bucket="files", Key=batch.join_key(chunk), Body=sealed)
    boto3.client("dynamodb").put_item(TableName="batches", Item=scored_item(batch, chunk))
