"""The contracts of the stores of measurements, for the fakes and for DynamoDB, and the reader of CloudWatch."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.fakes.measurements import FakeBurns, FakeStates
from vigil.kernel.events import create_event
from vigil.operations.metrics.cloudwatch_store import CloudWatchReader
from vigil.operations.metrics.model import Collected, Family, Sample, SourceState, gauge
from vigil.operations.metrics.series_model import own
from vigil.operations.metrics.states_store import DynamoStates
from vigil.operations.objectives.burns_model import BurnState
from vigil.operations.objectives.store import DynamoBurns
from vigil.operations.objectives.timeline_model import minute_of
from vigil.workers.queues import Message, SqsQueue

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
FAMILIES = (
    gauge("vigil_alerts_open", {(("severity", "INFO"),): 2}),
    Family("vigil_predictions", (Sample((), 3.0, "_total"),)),
)
STATE = SourceState("queues", NOW, Collected(FAMILIES, {"end": 5}))
MISSED = create_event("events.fast.5", "objectives.missed", "2026-03-01T12:00:00.000000Z", {"tenant_id": "_operators"})


@pytest.fixture(params=["fake", "dynamodb"])
def states(request):
    if request.param == "fake":
        return FakeStates()
    return DynamoStates(request.getfixturevalue("aws")("dynamodb"), "measurements")


@pytest.fixture(params=["fake", "dynamodb"])
def burns(request):
    if request.param == "fake":
        return FakeBurns()
    return DynamoBurns(request.getfixturevalue("aws")("dynamodb"), "measurements")


def test_a_state_is_read_as_it_was_written(states):
    assert (states.find("queues"), list(states.read_all())) == (None, [])
    assert states.write(STATE)
    assert states.write(replace(STATE, name="alerts"))
    assert states.find("queues") == STATE
    assert [state.name for state in states.read_all()] == ["alerts", "queues"]


def test_a_state_is_written_over_its_previous_version_only(states):
    assert states.write(STATE)
    assert not states.write(STATE)
    later = replace(STATE, collected_at=NOW + timedelta(minutes=1), version=2)
    assert states.write(later)
    assert not states.write(later)
    assert not states.write(replace(STATE, version=4))
    assert states.find("queues") == later


def test_burns_are_written_over_their_previous_version_only(burns):
    assert burns.load() == BurnState()
    first = BurnState(5, {("events", "fast"): "2026-03-01T12:00:00.000000Z"}, (MISSED,), 1)
    assert burns.write(first)
    assert burns.load() == first
    assert not burns.write(first)
    second = replace(first, untold=(), version=2)
    assert burns.write(second)
    assert burns.load() == second


def test_cloudwatch_returns_sums_by_minute_of_exactly_the_named_metrics(aws):
    client, end = aws("cloudwatch"), minute_of(datetime.now(UTC)) - 3
    route = (("route", "/v1/scores"), ("service", "scoring-api"))
    for minutes_ago, value, dimensions in ((2, 5, ()), (2, 7, ()), (1, 1, ()), (2, 100, route), (0, 9, ())):
        client.put_metric_data(
            Namespace="Vigil/vigil",
            MetricData=[
                {
                    "MetricName": "Latency",
                    "Dimensions": [{"Name": name, "Value": text} for name, text in dimensions],
                    "Timestamp": datetime.fromtimestamp((end - minutes_ago) * 60 + 30, UTC),
                    "Value": value,
                }
            ],
        )
    reader = CloudWatchReader(client, "vigil")
    found = reader.read([own("Latency", route), own("Latency", route, "SampleCount"), own("Other")], end - 5, end)
    assert found == {
        own("Latency", route): {end - 2: 100},
        own("Latency", route, "SampleCount"): {end - 2: 1},
        own("Other"): {},
    }
    assert list(reader.active_routes()) == [own("Latency", route, "SampleCount")]


def test_a_metric_of_another_stack_is_not_read(aws):
    client, end = aws("cloudwatch"), minute_of(datetime.now(UTC))
    for stack, value in (("vigil", 5), ("vigil-staging", 7)):
        datum = {"MetricName": "Predictions", "Timestamp": datetime.now(UTC) - timedelta(minutes=2), "Value": value}
        client.put_metric_data(Namespace=f"Vigil/{stack}", MetricData=[datum])
    (values,) = CloudWatchReader(client, "vigil").read([own("Predictions")], end - 5, end + 1).values()
    assert sum(values.values()) == 5


def test_a_queue_returns_its_depths(aws, monkeypatch):
    monkeypatch.setenv("AWS_ACCOUNT_ID_ENDPOINT_MODE", "disabled")
    client = aws("sqs")
    queue = SqsQueue(client, client.create_queue(QueueName="work")["QueueUrl"])
    queue.send([Message(f"m-{number}", "k", "acme", "c", "{}") for number in range(3)])
    queue.send([Message("late", "k", "acme", "c", "{}")], delay_seconds=60)
    assert len(queue.receive(30)) == 3
    queue.send([Message("m-4", "k", "acme", "c", "{}")])
    assert queue.depths() == {"visible": 1, "in_flight": 3, "delayed": 1}
