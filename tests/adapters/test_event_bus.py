"""Events are published to EventBridge ten per call, and refused ones are returned."""

import json

import botocore.exceptions
import pytest

from tests.support.aws_calls import replace_calls
from vigil.alerting.events.store import EventBridgeBus
from vigil.kernel.events import Event

KIND = "scoring.decision_made"


def events(count):
    return [
        Event(
            f"dec_{n}.scoring.decision_made",
            "scoring.decision_made",
            "2026-03-01T12:00:00.000000Z",
            json.dumps({"n": n}),
        )
        for n in range(count)
    ]


@pytest.fixture
def client(aws):
    client = aws("events")
    client.create_event_bus(Name="decisions")
    return client


@pytest.fixture
def calls(client, monkeypatch):
    """The entries of every PutEvents call."""
    made = []

    def recording(make, service, operation, arguments):
        made.append(arguments["Entries"])
        return make(operation, arguments)

    replace_calls(monkeypatch, recording, client)
    return made


def test_events_are_sent_ten_per_call_with_their_time_and_kind(client, calls):
    assert EventBridgeBus(client, "decisions", "vigil.scoring").publish(events(23)) == set()
    assert [len(entries) for entries in calls] == [10, 10, 3]
    entry = calls[2][2]
    assert (entry["EventBusName"], entry["Source"], entry["DetailType"]) == (
        "decisions",
        "vigil.scoring",
        KIND,
    )
    assert (entry["Time"].isoformat(), entry["Detail"]) == ("2026-03-01T12:00:00+00:00", '{"n": 22}')


def test_a_rule_receives_published_events(client, aws):
    sqs = aws("sqs")
    queue = sqs.create_queue(QueueName="test")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    client.put_rule(Name="all", EventBusName="decisions", EventPattern='{"source": ["vigil.scoring"]}')
    client.put_targets(Rule="all", EventBusName="decisions", Targets=[{"Id": "q", "Arn": arn}])
    EventBridgeBus(client, "decisions", "vigil.scoring").publish(events(1))
    (message,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    assert json.loads(message["Body"])["detail"] == {"n": 0}


def test_individually_refused_events_are_returned(client, monkeypatch):
    def half(make, service, operation, arguments):
        entries = [
            {"ErrorCode": "InternalFailure"} if n % 2 else {"EventId": "e"} for n in range(len(arguments["Entries"]))
        ]
        return {"FailedEntryCount": 0, "Entries": entries}

    replace_calls(monkeypatch, half, client)
    refused = EventBridgeBus(client, "decisions", "vigil.scoring").publish(events(4))
    assert refused == {"dec_1.scoring.decision_made", "dec_3.scoring.decision_made"}


@pytest.mark.parametrize(
    "error",
    [
        botocore.exceptions.ClientError({"Error": {"Code": "ThrottlingException", "Message": ""}}, "PutEvents"),
        botocore.exceptions.ConnectTimeoutError(endpoint_url="http://localhost"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_failed_call_refuses_only_its_own_events(client, monkeypatch, error):
    made = []

    def second_fails(make, service, operation, arguments):
        made.append(operation)
        if len(made) == 2:
            raise error
        return {"Entries": [{"EventId": "e"}] * len(arguments["Entries"])}

    replace_calls(monkeypatch, second_fails, client)
    refused = EventBridgeBus(client, "decisions", "vigil.scoring").publish(events(25))
    assert refused == {f"dec_{n}.scoring.decision_made" for n in range(10, 20)}
