"""Batches as deployed: queues, bucket and workers, for tests of several functions."""

import json

import boto3
import pytest

from tests.support.gateway import Context, event
from vigil.bootstrap import process

QUEUES = ("batch_splits", "batch_chunks", "batch_assemblies")
GOOD = {"age": 80, "visits": 3, "urban": True, "stage": "III"}


@pytest.fixture
def deployed(published, monkeypatch):
    """A deployment with the queues and the bucket of batches; yields the URLs of its queues."""
    monkeypatch.setenv("AWS_ACCOUNT_ID_ENDPOINT_MODE", "disabled")  # moto mistakes account endpoints for DynamoDB
    urls = {name: boto3.client("sqs").create_queue(QueueName=name)["QueueUrl"] for name in (*QUEUES, "dead")}
    for name in QUEUES:
        monkeypatch.setenv(f"VIGIL_{name.upper()}_QUEUE", urls[name])
    monkeypatch.setenv("VIGIL_DEAD_LETTERS", urls["dead"])
    process.forget()
    return urls


def api(method, path, **arguments):
    from functions.batches_api.handler import lambda_handler

    answer = lambda_handler(event(method, path, **arguments), Context())
    return answer["statusCode"], json.loads(answer["body"])


def post(body, **headers):
    return api("POST", "/v1/batches", body=body, headers=headers)


def arrival(key, size, version=""):
    told = {"detail": {"object": {"key": key, "size": size, "version-id": version}}}
    return {"Records": [record("m-0", json.dumps(told), {}, "batch_splits")]}


def record(name, body, attributes, queue):
    return {
        "messageId": name,
        "receiptHandle": name,
        "body": body,
        "attributes": {},
        "messageAttributes": {n: {"dataType": "String", "stringValue": text} for n, text in attributes.items()},
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:eu-west-1:123456789012:{queue}",
    }


def taken(url):
    """Return Lambda's events for the messages of a queue, and empty it."""
    found = []
    while (
        messages := boto3.client("sqs")
        .receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
        .get("Messages")
    ):
        for message in messages:
            attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
            found.append({"Records": [record(message["MessageId"], message["Body"], attributes, url.split("/")[-1])]})
            boto3.client("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


def run(deployed, batch_id):
    """Run the workers until the queues are empty."""
    from functions.batches_assembly.handler import lambda_handler as assemble
    from functions.batches_chunk.handler import lambda_handler as score
    from functions.batches_split.handler import lambda_handler as split

    key = f"uploads/acme/{batch_id}/input"
    head = boto3.client("s3").head_object(Bucket="files", Key=key)
    done = [split(arrival(key, head["ContentLength"], head["VersionId"]), Context(100_000))]
    for queue, handler in (("batch_chunks", score), ("batch_assemblies", assemble), ("batch_assemblies", assemble)):
        done += [handler(each, Context(100_000)) for each in taken(deployed[queue])]
    assert done == [{"batchItemFailures": []}] * len(done)
    assert taken(deployed["dead"]) == []
