"""Deployed wiring of the events function: stream records in, events on the bus out."""

import json
from pathlib import Path

import boto3
import pytest

from tests.support.gateway import Context

SAMPLE = json.loads((Path(__file__).parents[2] / "events" / "events_publisher.json").read_text())


@pytest.fixture
def queue(published):
    """Queue that receives the events of the bus by a rule."""
    events, sqs = boto3.client("events"), boto3.client("sqs")
    url = sqs.create_queue(QueueName="test")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name="all", EventBusName="decisions", EventPattern='{"source": ["vigil.scoring"]}')
    events.put_targets(Rule="all", EventBusName="decisions", Targets=[{"Id": "q", "Arn": arn}])
    return lambda: [
        json.loads(m["Body"]) for m in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    ]


def test_a_sample_batch_is_published_without_retries(queue, caplog):
    from functions.events_publisher.handler import lambda_handler

    assert lambda_handler(SAMPLE, Context()) == {"batchItemFailures": []}
    found = sorted(queue(), key=lambda event: event["detail-type"])
    assert [event["detail-type"] for event in found] == ["scoring.decision_made", "scoring.high_risk_found"]
    decision_id = SAMPLE["Records"][0]["dynamodb"]["NewImage"]["decision_id"]["S"]
    assert [event["detail"]["event_id"] for event in found] == [
        f"{decision_id}.scoring.decision_made",
        f"{decision_id}.scoring.high_risk_found",
    ]
    (line,) = (record for record in caplog.records if record.getMessage() == "request")
    assert (line.method, line.records, line.failed) == ("STREAM", 1, 0)
    assert SAMPLE["Records"][0]["dynamodb"]["NewImage"]["subject_id"]["S"] not in json.dumps(found)
