"""The role of each event and dead-letter function grants exactly the actions it calls."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from random import Random

import boto3
import pytest

from tests.functions.rights import FEEDING, GIVING_UP, ROOT, TRANSACTION, answers, granted, running_batch
from tests.support.dead_letter_queues import create_queues
from tests.support.fakes.dead_letters import WORK, letter
from tests.support.gateway import Context
from vigil.bootstrap import process
from vigil.decisions.batches.stream import to_message
from vigil.errors import Unavailable
from vigil.operations.dead_letters.model import DeadLetterJob, RetryRules
from vigil.operations.dead_letters.store import DynamoDeadLetterJobs
from vigil.workers.queues import ReceivedMessage, SqsQueue


def test_the_events_function_calls_exactly_the_granted_actions(called):
    from functions.events_publisher.handler import lambda_handler

    actions, _ = called
    sample = json.loads((ROOT / "events" / "events_publisher.json").read_text())
    lambda_handler(sample, Context())
    assert actions | FEEDING | GIVING_UP == granted("EventsPublisher")


def test_the_dead_letters_api_calls_exactly_the_granted_actions(called):
    from functions.dead_letters_api.handler import lambda_handler

    actions, _ = called
    for number in range(2):
        dead = letter(replace(WORK, id=f"work-{number}"), refusal="not-found")
        job = DeadLetterJob.create("work", dead, RetryRules(), datetime.now(UTC), Random(1))
        DynamoDeadLetterJobs(boto3.client("dynamodb"), "dead_letters").write("acme", job)
    actions.clear()
    requests = [
        ("GET", "/v1/dlq/jobs", {"query": {"limit": "1"}}, 200),
        ("GET", "/v1/dlq/jobs", {"role": "operator"}, 200),
        ("POST", f"/v1/dlq/jobs/{job.job_id}/retry", {}, 202),
        ("POST", f"/v1/dlq/jobs/{job.job_id}/resolve", {}, 200),
        ("DELETE", "/v1/dlq/cleanup", {"query": {"older_than": "0m"}}, 200),
    ]
    assert answers(lambda_handler, requests, role="admin") == requests
    assert actions == granted("DeadLettersApi")


@pytest.fixture
def sources(called, monkeypatch):
    """Dead letters of every kind: transient ones, a refused chunk and file, and a range of the stream."""
    monkeypatch.setenv("AWS_ACCOUNT_ID_ENDPOINT_MODE", "disabled")  # moto mistakes an account's endpoint for DynamoDB's
    sqs = boto3.client("sqs")
    urls = create_queues(monkeypatch)
    batch, unread = running_batch("b"), running_batch("c")
    SqsQueue(sqs, urls["batch-chunks-dead"]).send([to_message(batch.chunk_job(0))])
    refused = ReceivedMessage("m-1", "", {}, {})
    for name, job in (
        ("batch-chunks-dead", batch.chunk_job(1)),
        ("batch-splits-dead", unread.make_job("batch.split", "0", {})),
    ):
        message = to_message(job)
        SqsQueue(sqs, urls[name]).quarantine(replace(refused, body=message.body), "model-refused", message)
    arrival = {"detail": {"object": {"key": f"uploads/acme/{batch.batch_id}/input", "size": 1}}}
    sqs.send_message(QueueUrl=urls["batch-splits-dead"], MessageBody=json.dumps(arrival))
    sample = json.loads((ROOT / "events" / "events_publisher.json").read_text())
    place = stream_of([sample["Records"][0]["dynamodb"]["NewImage"], {"decision_id": {"S": "unreadable"}}])
    record = {"requestContext": {"requestId": "r"}, "DDBStreamBatchInfo": place}
    for name in ("events-publisher-dead", "usage-counters-dead"):
        sqs.send_message(QueueUrl=urls[name], MessageBody=json.dumps(record))
    monkeypatch.setenv("VIGIL_BACKOFF_BASE_SECONDS", "0")
    process.forget()


def stream_of(rows):
    """Return the position of these rows in a stream, in Lambda's format."""
    table = boto3.client("dynamodb").create_table(
        TableName="streamed",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )["TableDescription"]
    for number, row in enumerate(rows):
        boto3.client("dynamodb").put_item(TableName="streamed", Item=row | {"pk": {"S": str(number)}})
    streams, arn = boto3.client("dynamodbstreams"), table["LatestStreamArn"]
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    start = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    records = streams.get_records(ShardIterator=start["ShardIterator"])["Records"]
    first, *_, last = (record["dynamodb"]["SequenceNumber"] for record in records)
    return {"streamArn": arn, "shardId": shard, "startSequenceNumber": first, "endSequenceNumber": last}


def test_the_redriver_calls_exactly_the_granted_actions(called, sources):
    from functions.dead_letters_redrive.handler import lambda_handler

    actions, _ = called
    actions.clear()
    with pytest.raises(Unavailable, match="2 steps failed"):  # the unreadable row
        lambda_handler({"id": "m"}, Context(50_000))
    assert actions - {TRANSACTION} == granted("DeadLettersRedrive")
