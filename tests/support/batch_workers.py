"""The worker functions of batches, fed from queues in process as Lambda feeds them."""

import json
from collections.abc import Callable, Mapping
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


def taken(url: str, most: int = 1_000) -> list[dict[str, Any]]:
    """Return the events that Lambda would build from a queue's messages, and delete these messages."""
    found: list[dict[str, Any]] = []
    while len(found) < most and (
        messages := boto3.client("sqs")
        .receive_message(QueueUrl=url, MaxNumberOfMessages=min(10, most - len(found)), MessageAttributeNames=["All"])
        .get("Messages")
    ):
        for message in messages:
            attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
            found.append(
                {"Records": [record(message["MessageId"], message["Body"], attributes, url.rpartition("/")[2])]}
            )
            boto3.client("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


def split(batch_id: str) -> None:
    """Run the split worker for the uploaded file of a batch."""
    from functions.batches_split.handler import lambda_handler

    key = f"uploads/acme/{batch_id}/input"
    head = boto3.client("s3").head_object(Bucket="files", Key=key)
    answer = lambda_handler(arrival(key, head["ContentLength"], head["VersionId"]), Context(100_000))
    assert answer == {"batchItemFailures": []}


def score(deployed: Mapping[str, str], most: int = 1_000) -> int:
    """Run the chunk worker for at most this many messages of its queue; return their number."""
    from functions.batches_chunk.handler import lambda_handler

    return _work(deployed["batch_chunks"], lambda_handler, most)


def assemble(deployed: Mapping[str, str]) -> int:
    """Run the assembly worker for all messages of its queue; return their number."""
    from functions.batches_assembly.handler import lambda_handler

    return _work(deployed["batch_assemblies"], lambda_handler, 1_000)


def _work(url: str, handler: Callable[[Any, Any], Any], most: int) -> int:
    done = 0
    while done < most and (events := taken(url, most - done)):
        answers = [handler(each, Context(100_000)) for each in events]
        assert answers == [{"batchItemFailures": []}] * len(answers)
        done += len(answers)
    return done


def run(deployed: Mapping[str, str], batch_id: str) -> None:
    """Run split, chunk and assembly workers until the batch has ended."""
    split(batch_id)
    score(deployed)
    assemble(deployed)
    assert taken(deployed["dead"]) == []
