"""The sources of checks in AWS: alarms and metrics of CloudWatch, tables, queues, and the readiness of the API."""

from datetime import UTC, datetime, timedelta

import boto3
import pytest

from tests.support.aws_calls import fail_calls
from vigil.errors import Unavailable
from vigil.operations.diagnosis.cloudwatch_store import CloudWatchAlarms, CloudWatchTotals
from vigil.operations.diagnosis.data_store import DynamoProbes, SqsDepths
from vigil.operations.diagnosis.model import DAY, Metric, QueueDepth
from vigil.operations.diagnosis.probes_store import FunctionProbe, HttpsProbe
from vigil.outbound.requests import NoAnswer, OutboundAnswer

ROUTE = (("service", "scoring-api"), ("route", "/v1/scores"))
NAMES = ("server-errors", "slow-answers", "availability-burns-fast")
AWAY = boto3.client("sqs", "eu-west-1").exceptions.ClientError({"Error": {"Code": "InternalFailure"}}, "Any")


def now():
    return datetime.now(UTC)


@pytest.fixture
def cloudwatch(aws):
    return aws("cloudwatch")


def put_alarm(cloudwatch, name, state):
    threshold = {"Threshold": 0, "ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 1, "Period": 60}
    metric = {"Namespace": "Vigil", "MetricName": "Breaches", "Statistic": "Sum"}
    cloudwatch.put_metric_alarm(AlarmName=name, **threshold, **metric)
    cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="test")


def test_only_firing_alarms_of_the_stack_are_listed(cloudwatch):
    put_alarm(cloudwatch, "stack-server-errors", "ALARM")
    put_alarm(cloudwatch, "stack-slow-answers", "OK")
    put_alarm(cloudwatch, "stack2-server-errors", "ALARM")
    put_alarm(cloudwatch, "stack-staging-server-errors", "ALARM")
    (found,) = CloudWatchAlarms(cloudwatch, "stack", NAMES).firing()
    assert found.name == "server-errors"
    assert found.since.startswith(f"{now():%Y-}")


class WithComposites:
    """CloudWatch with composite alarms, which moto does not have. It lists only the types of a request, as AWS does."""

    def __init__(self, client, names):
        self._client = client
        self._composites = [
            {"AlarmName": name, "StateValue": "ALARM", "StateUpdatedTimestamp": now()} for name in names
        ]

    def describe_alarms(self, **arguments):
        page = self._client.describe_alarms(**arguments) | {"CompositeAlarms": self._composites}
        types = arguments.get("AlarmTypes", ["MetricAlarm"])
        return {f"{kind}s": page[f"{kind}s"] for kind in types}


def test_a_firing_alarm_over_other_alarms_is_listed(cloudwatch):
    put_alarm(cloudwatch, "stack-server-errors", "ALARM")
    alarms = CloudWatchAlarms(WithComposites(cloudwatch, ["stack-availability-burns-fast"]), "stack", NAMES)
    assert [alarm.name for alarm in alarms.firing()] == ["server-errors", "availability-burns-fast"]


@pytest.mark.parametrize(("window", "total"), [(timedelta(minutes=15), 5), (DAY, 12)])
def test_a_total_counts_the_samples_of_its_stack_and_window(cloudwatch, window, total):
    dimensions = [{"Name": name, "Value": value} for name, value in ROUTE]
    for minutes, value in ((1, 2), (10, 3), (200, 7)):
        at = now() - timedelta(minutes=minutes)
        datum = {"MetricName": "ServerErrors", "Dimensions": dimensions, "Timestamp": at, "Value": value}
        cloudwatch.put_metric_data(Namespace="Vigil/stack", MetricData=[datum])
        cloudwatch.put_metric_data(Namespace="Vigil/stack-staging", MetricData=[datum])
    totals = CloudWatchTotals(cloudwatch, "stack", now)
    (metric,) = totals.recent("Vigil", "ServerErrors", window)
    assert (metric.namespace, sorted(metric.dimensions)) == ("Vigil", sorted(ROUTE))
    assert totals.total(metric, window) == total
    assert totals.total(metric, timedelta(minutes=15), "SampleCount") == 2
    assert totals.total(Metric("Vigil", "Breaches"), window) == 0


class QuietMetrics:
    """CloudWatch with one metric whose data are five hours old, on the given number of pages."""

    def __init__(self, pages=1):
        self.pages = pages

    def list_metrics(self, **arguments):
        token = int(arguments.get("NextToken", 0)) + 1
        metrics = [] if "RecentlyActive" in arguments else [{"Dimensions": [{"Name": "breach", "Value": "x"}]}]
        return {"Metrics": metrics} | ({"NextToken": str(token)} if token < self.pages else {})


@pytest.mark.parametrize(("window", "count"), [(timedelta(hours=3), 0), (DAY, 1)])
def test_metrics_of_a_day_are_listed_for_a_window_of_a_day(window, count):
    assert len(CloudWatchTotals(QuietMetrics(), "stack", now).recent("Vigil", "Breaches", window)) == count


def test_a_list_with_too_many_pages_is_no_answer():
    assert CloudWatchTotals(QuietMetrics(20), "stack", now).recent("Vigil", "Breaches", DAY)
    with pytest.raises(Unavailable, match="more than 20 pages"):
        CloudWatchTotals(QuietMetrics(21), "stack", now).recent("Vigil", "Breaches", DAY)


def test_tables_answer_and_name_their_restore_window(dynamodb):
    whole = boto3.client("dynamodb")
    whole.update_continuous_backups(
        TableName="usage", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    probes = DynamoProbes(dynamodb, {"usage": "usage", "decisions": "decisions", "gone": "gone"})
    assert probes.names() == ["decisions", "gone", "usage"]
    assert probes.probe("decisions") > timedelta()
    with pytest.raises(Unavailable, match="The table gone"):
        probes.probe("gone")
    assert probes.restore_window("decisions").latest is None
    window = probes.restore_window("usage")
    assert window.earliest.startswith(f"{now():%Y-}")
    assert window.latest >= window.earliest


def test_depths_count_a_queue_and_its_dead_letters(aws):
    whole, urls = boto3.client("sqs"), {}
    for name in ("batch-chunks", "batch-chunks-dead", "alerts", "alerts-dead"):
        urls[name] = whole.create_queue(QueueName=name)["QueueUrl"]
    for name in ("batch-chunks", "batch-chunks", "batch-chunks-dead"):
        whole.send_message(QueueUrl=urls[name], MessageBody="{}")
    depths = SqsDepths(aws("sqs"), {name: urls[name] for name in ("batch-chunks", "alerts")})
    assert depths.depths() == [QueueDepth("alerts", 0, 0), QueueDepth("batch-chunks", 2, 1)]


def test_a_source_that_fails_is_unavailable(aws, monkeypatch):
    fail_calls(monkeypatch, AWAY)
    cloudwatch = aws("cloudwatch")
    calls = (
        CloudWatchAlarms(cloudwatch, "stack", NAMES).firing,
        lambda: CloudWatchTotals(cloudwatch, "stack", now).recent("Vigil", "Breaches", DAY),
        lambda: DynamoProbes(aws("dynamodb"), {"usage": "usage"}).restore_window("usage"),
        SqsDepths(aws("sqs"), {"alerts": "https://sqs.eu-west-1.amazonaws.com/1/alerts"}).depths,
    )
    for call in calls:
        with pytest.raises(Unavailable):
            call()


class Sender:
    """The way out, with one answer or none."""

    def __init__(self, status):
        self.status = status
        self.urls = []

    def send(self, request):
        self.urls.append((request.method, request.url))
        if self.status is None:
            raise NoAnswer("unreachable")
        return OutboundAnswer(self.status, {}, b"")


@pytest.mark.parametrize(("status", "found"), [(200, 200), (503, 503), (None, 0)])
def test_the_probe_from_outside_returns_the_status_of_the_address(status, found):
    sender = Sender(status)
    assert HttpsProbe(sender, "https://api.example.org").probe().status == found
    assert sender.urls == [("GET", "https://api.example.org/health/readiness")]


def test_the_probe_of_a_failing_function_has_no_answer():
    def invoke(_, __):
        raise Unavailable("The function failed.")

    assert FunctionProbe(invoke).probe().status == 0
