"""The worker functions of batches, fed from queues in process as Lambda feeds them."""

import json
from collections.abc import Mapping
from typing import Any

import boto3

from tests.support.gateway import Context


def arrival(key: str, size: int, version: str = "") -> dict[str, Any]:
    """Return the event of an uploaded object."""
    told = {"detail": {"object": {"key": key, "size": size, "version-id": version}}}
    return {"Records": [record("m-0", json.dumps(told), {}, "batch_splits")]}


def record(name: str, body: str, attributes: Mapping[str, str], queue: str) -> dict[str, Any]:
    """Return a message as Lambda shows it to a function."""
    return {
        "messageId": name,
        "receiptHandle": name,
        "body": body,
        "attributes": {},
        "messageAttributes": {n: {"dataType": "String", "stringValue": text} for n, text in attributes.items()},
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:eu-west-1:123456789012:{queue}",
    }


def taken(url: str) -> list[dict[str, Any]]:
    """Return the events that Lambda would build from a queue's messages, and empty the queue."""
    found = []
    while (
        messages := boto3.client("sqs")
        .receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
        .get("Messages")
    ):
        for message in messages:
            attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
            found.append(
                {"Records": [record(message["MessageId"], message["Body"], attributes, url.rpartition("/")[2])]}
            )
            boto3.client("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


def run(deployed: Mapping[str, str], batch_id: str) -> None:
    """Run split, chunk and assembly workers until the batch has ended."""
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
