"""Alarms, events of the bus and deployments reach the queue of alerts through the real templates, on MiniStack."""

import json

import pytest

from tests.support.alert_sources import DETAILS, bus_document, received, stack_document
from tests.support.templates import INFRA
from vigil.alerting.sources.stream import IGNORED, RAISED, read_message
from vigil.workers.queues import SqsQueue

STACK = "vigil"
QUICK = {"Delay": 0.2, "MaxAttempts": 100}


def deploy(cloudformation, name, stack, **parameters):
    """Create a stack of a template; return its outputs."""
    given = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
    body = (INFRA / f"{name}.yaml").read_text()
    cloudformation.create_stack(StackName=stack, TemplateBody=body, Parameters=given)
    cloudformation.get_waiter("stack_create_complete").wait(StackName=stack, WaiterConfig=QUICK)
    (made,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in made.get("Outputs", [])}


@pytest.fixture(scope="module")
def queue(bed):
    """The queue of alerts, with the topics, the bus and the sources of alerts."""
    cloudformation = bed.client("cloudformation")
    key = bed.client("kms").create_key()["KeyMetadata"]["Arn"]
    email = "ops@example.org"
    topics = deploy(cloudformation, "topics", "topics", StackName=STACK, DataKeyArn=key, OperatorsEmail=email)
    alarms = {"AlarmsTopic": topics["AlarmsTopic"]}
    shared = {"DataKeyArn": key, "VisibilitySeconds": "180"}
    deploy(cloudformation, "queue", "quiet", Name=f"{STACK}-quiet", **shared, **alarms)
    made = deploy(cloudformation, "queue", "alerts", Name=f"{STACK}-alerts", **shared, **topics)
    bed.client("events").create_event_bus(Name="bus")
    deploy(
        cloudformation, "alert_sources", "sources", StackName=STACK, BusName="bus", AlertsArn=made["Arn"],
        RootStackId="arn:aws:cloudformation:x:1:stack/vigil/u", AlertsUrl=made["Url"], AlertsName=made["Name"],
        AlertDeliveriesName="d", **topics,
    )  # fmt: skip
    # A receiver that waits for messages would wait at the end of each test.
    bed.client("sqs").set_queue_attributes(QueueUrl=made["Url"], Attributes={"ReceiveMessageWaitTimeSeconds": "0"})
    return SqsQueue(bed.client("sqs"), made["Url"])


def arrived(queue):
    """Receive and delete the messages of the queue; return them parsed."""
    found = []
    while messages := queue.receive(30):
        queue.delete([each.handle for each in messages])
        found += map(read_message, messages)
    return found


def test_an_alarm_reaches_the_queue_when_it_starts_and_ends(bed, queue):
    cloudwatch = bed.client("cloudwatch")
    for state in ("ALARM", "OK"):
        cloudwatch.set_alarm_state(AlarmName=f"{STACK}-alerts-late", StateValue=state, StateReason="test")
        (message,) = arrived(queue)
        body = json.loads(message.body)
        assert (message.kind, body["source"], body["is_cleared"]) == (RAISED, "queue.alerts", state == "OK")


@pytest.mark.parametrize("kind", DETAILS)
def test_an_event_that_raises_an_alert_reaches_the_queue(bed, queue, kind):
    publish(bed, kind, bus_document(kind)["detail"])
    (message,) = arrived(queue)
    assert (message.kind, message.id) == (RAISED, "e-1")


@pytest.mark.parametrize(
    ("kind", "changes"),
    [("scoring.decision_made", {}), ("alerts.raised", {}), ("batches.completed", {"state": "completed"})],
)
def test_another_event_does_not_reach_the_queue(bed, queue, kind, changes):
    publish(bed, kind, bus_document(kind, **changes)["detail"])
    assert arrived(queue) == []


@pytest.mark.usefixtures("queue")
@pytest.mark.parametrize(
    ("stack", "status", "kind"),
    [
        ("vigil", "UPDATE_COMPLETE", RAISED),
        ("vigil", "UPDATE_IN_PROGRESS", IGNORED),
        ("other", "UPDATE_COMPLETE", None),
    ],
)
def test_the_end_of_a_deployment_matches_its_rule(bed, stack, status, kind):
    """Only AWS publishes with its own sources, so the rule is compared with the event of CloudFormation."""
    events, document = bed.client("events"), stack_document(status)
    document["detail"]["stack-id"] = f"arn:aws:cloudformation:x:1:stack/{stack}/u"
    rules = events.list_rules(EventBusName="default")["Rules"]
    (pattern,) = (rule["EventPattern"] for rule in rules if "aws.cloudformation" in rule["EventPattern"])
    sent = document | {"source": "aws.cloudformation", "account": "1", "region": "x", "resources": []}
    matches = events.test_event_pattern(EventPattern=pattern, Event=json.dumps(sent))["Result"]
    assert matches == (kind is not None)
    assert not matches or read_message(received(document)).kind == kind


@pytest.mark.usefixtures("queue")
def test_the_alarms_of_the_queue_of_alerts_also_page_the_operators(bed):
    names = [f"{STACK}-{queue}-not-drained" for queue in ("alerts", "quiet")]
    found = bed.client("cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"]
    topics = {alarm["AlarmName"]: [arn.rpartition(":")[2] for arn in alarm["AlarmActions"]] for alarm in found}
    assert topics == {names[0]: [f"{STACK}-alarms", f"{STACK}-pages"], names[1]: [f"{STACK}-alarms"]}
    assert all(alarm["AlarmActions"] == alarm["OKActions"] for alarm in found)


def publish(bed, kind, detail):
    """Publish an event to a bus."""
    entry = {"Source": "vigil.x", "DetailType": kind, "Detail": json.dumps(detail), "EventBusName": "bus"}
    answer = bed.client("events").put_events(Entries=[entry])
    assert answer["FailedEntryCount"] == 0
