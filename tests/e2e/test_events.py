"""A score over HTTP becomes an event on the bus through the ledger's stream."""

import json
import time

import pytest

from models import recipe

PATIENCE_SECONDS = 60


@pytest.fixture(scope="module")
def heard(stack, aws):
    """Return a function that returns the events about a decision, received by a rule with a queue."""
    events, sqs = aws("events"), aws("sqs")
    url = sqs.create_queue(QueueName="listener")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = json.dumps({"source": ["vigil.scoring"]})
    events.put_rule(Name="listener", EventBusName=stack.event_bus, EventPattern=pattern)
    events.put_targets(Rule="listener", EventBusName=stack.event_bus, Targets=[{"Id": "queue", "Arn": arn}])
    inbox = []

    def wait(decision_id, count):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
                inbox.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            found = {e["detail"]["event_id"]: e for e in inbox if e["detail"]["decision_id"] == decision_id}
            if len(found) >= count:
                return found
            time.sleep(0.2)
        pytest.fail(f"only {len(found)} of {count} events arrived")

    return wait


def test_a_decision_is_published_and_a_high_risk_decision_twice(stack, tenants, heard):
    for sample in recipe.load_recipe("wdbc").samples(1, 20):
        body = {"model": "wdbc", "subject_id": "heard-of", "features": sample["features"]}
        answer = tenants[0].post("/v1/scores", json=body)
        scored = answer.json()
        if scored["band"] == "high":
            break
    found = heard(scored["decision_id"], 2)
    assert {event["detail-type"] for event in found.values()} >= {"scoring.decision_made", "scoring.high_risk_found"}
    detail = found[f"{scored['decision_id']}.scoring.high_risk_found"]["detail"]
    assert (detail["tenant_id"], detail["model_digest"]) == (stack.tenants[0].tenant_id, scored["model"]["digest"])
    assert detail["correlation_id"] == answer.headers["X-Correlation-Id"]
    assert (detail["band"], detail["occurred_at"]) == ("high", scored["created_at"])
    assert "heard-of" not in json.dumps(found)


def test_no_stream_batch_was_abandoned(stack, aws):
    url = stack.queues["events_publisher_dead_letters"]
    attributes = aws("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    assert attributes["Attributes"]["ApproximateNumberOfMessages"] == "0"
