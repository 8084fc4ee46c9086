"""Log lines and answers become metrics of MiniStack, and alarms are evaluated over their own dimensions."""

import io
import json
import time

import pytest

from cli.ministack_metrics import Metrics, embedded_metrics
from vigil.runtime.telemetry import Telemetry

ALARM = {
    "AlarmName": "errors",
    "Namespace": "AWS/Lambda",
    "MetricName": "Errors",
    "Dimensions": [{"Name": "FunctionName", "Value": "a"}],
    "Statistic": "Sum",
    "Threshold": 0,
    "Period": 60,
    "EvaluationPeriods": 5,
    "DatapointsToAlarm": 2,
    "ComparisonOperator": "GreaterThanThreshold",
    "TreatMissingData": "notBreaching",
}


class CloudWatch:
    """The parts of MiniStack's CloudWatch that the recorder uses."""

    def __init__(self):
        self.points, self.changes = {}, []
        self._metrics = self.points

    def _metric_bucket(self, key):
        return self.points.setdefault(key, [])

    def _dims_key(self, dimensions):
        return "|".join(f"{name}={value}" for name, value in sorted(dimensions.items()))

    def _dims_from_list(self, dimensions):
        return {each["Name"]: each["Value"] for each in dimensions}

    def _calc_stats(self, points):
        return {"Sum": sum(point["Value"] * point["Count"] for point in points)}

    def _stat_value(self, stats, name, points):
        return stats[name]

    def _record_history(self, name, before, after, reason):
        self.changes.append((name, before, after))

    def _dispatch_alarm_actions(self, alarm, before, after, reason):
        pass

    def _evaluate_parent_alarms(self, alarm):
        pass

    def _evaluate_all_alarms(self):
        pass


@pytest.fixture
def service():
    return CloudWatch()


@pytest.fixture
def metrics(service):
    return Metrics(service)


def line_of(**facts):
    """Return the line of a request as the functions write it."""
    stream = io.StringIO()
    telemetry = Telemetry("scoring-api", stream, traced=False)
    begun, started = telemetry.begin("POST")
    for name, value in facts.items():
        setattr(begun, name, value)
    telemetry.end(begun, started)
    return stream.getvalue()


def test_a_line_of_a_score_has_the_metrics_of_its_route_and_of_objectives():
    line = line_of(route="/v1/scores", band="low", status=201)
    assert {(each.name, tuple(each.dimensions)) for each in embedded_metrics(line)} == {
        ("Latency", ("service", "route")),
        ("Band.low", ("service", "route")),
        ("ScoreRequests", ()),
        ("Predictions", ()),
    }


@pytest.mark.parametrize("line", ["", "START", '{"_aws": 1}', '{"_aws": {}}', '{"_aws"', json.dumps({"a": 1})])
def test_any_other_line_has_no_metrics(line):
    assert embedded_metrics(line) == []


def test_equal_values_of_a_minute_are_one_point_with_their_number(service, metrics):
    for status in (200, 200, 503):
        metrics.record_answer("vigil", "local", status, 0.0123456)
    failed = service.points["AWS/ApiGateway", "5XXError", "ApiName=vigil|Stage=local"]
    assert {(point["Value"], point["Count"]) for point in failed} == {(0, 2), (1, 1)}
    (latency,) = service.points["AWS/ApiGateway", "Latency", "ApiName=vigil|Stage=local"]
    assert (latency["Value"], latency["Count"]) == (12.3, 3)


def test_an_alarm_counts_m_of_n_periods_of_its_own_dimensions(service, metrics):
    alarm, now = dict(ALARM, StateValue="OK"), time.time()
    metrics.evaluate(alarm)
    assert alarm["StateValue"] == "OK"  # without any value, nothing changes
    metrics.record("AWS/Lambda", "Errors", 1, "Count", {"FunctionName": "b"})
    metrics.record("AWS/Lambda", "Errors", 1, "Count", {"FunctionName": "a"})
    metrics.evaluate(alarm)
    assert alarm["StateValue"] == "OK"
    points = service.points["AWS/Lambda", "Errors", "FunctionName=a"]
    points.insert(0, {"Timestamp": now - 120, "Value": 1.0, "Count": 1.0})
    metrics.evaluate(alarm)
    assert service.changes == [("errors", "OK", "ALARM")]
    points[:] = [{"Timestamp": now - 600, "Value": 1.0, "Count": 1.0}]
    metrics.evaluate(alarm)
    assert service.changes[1:] == [("errors", "ALARM", "OK")]
