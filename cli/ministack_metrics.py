"""CloudWatch of MiniStack: metrics of log lines and of the REST API, and alarms evaluated as on AWS.

MiniStack's own interpreter imports this file (`cli/ministack_main.py`), so it uses the standard library only.
"""

import json
import operator
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_EVALUATION_SECONDS = 10.0
"""Least time between two evaluations of all alarms."""
_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}


@dataclass(frozen=True)
class Datum:
    """One value of a metric at a time in seconds since 1970."""

    namespace: str
    name: str
    value: float
    unit: str
    dimensions: Mapping[str, str]
    at: float


def embedded_metrics(line: str) -> list[Datum]:
    """Return the metrics of a log line in CloudWatch's embedded metric format; another line has none.

    Format: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """
    if '"_aws"' not in line:
        return []
    try:
        return list(_data(json.loads(line)))
    except (KeyError, TypeError, ValueError):
        return []


def _data(fields: Mapping[str, Any]) -> Iterator[Datum]:
    about = fields["_aws"]
    at = about["Timestamp"] / 1e3
    for directive in about["CloudWatchMetrics"]:
        for names in directive["Dimensions"]:
            dimensions = {name: str(fields[name]) for name in names}
            for metric in directive["Metrics"]:
                name, unit = metric["Name"], metric.get("Unit", "None")
                yield Datum(directive["Namespace"], name, float(fields[name]), unit, dimensions, at)


class Metrics:
    """Metrics of MiniStack. Equal values of a minute are stored once, with their number."""

    def __init__(self, service: Any) -> None:
        self._service = service
        self._lock = threading.Lock()
        self._evaluated = 0.0

    def connect(self, functions: Any) -> "Metrics":
        """Record the metrics of MiniStack and of the lines of its functions, and evaluate its alarms. Return itself."""
        self._service.record_metric, self._service._evaluate_alarm = self.record, self.evaluate
        emit = functions._emit_lambda_logs

        def emit_and_record(func: Any, request_id: str, log_text: str, *call: Any, **more: Any) -> None:
            emit(func, request_id, log_text, *call, **more)
            self.record_lines(log_text or "")

        functions._emit_lambda_logs = emit_and_record
        return self

    def record_lines(self, text: str) -> None:
        """Record the metrics of the log lines of an invocation."""
        for line in text.splitlines():
            for datum in embedded_metrics(line):
                self.add(datum)
        self._evaluate_sometimes()

    def record(
        self, namespace: str, name: str, value: float, unit: str = "None", dimensions: Mapping[str, str] | None = None
    ) -> None:
        """Record a value of now, as `record_metric` of MiniStack does."""
        self.add(Datum(namespace, name, float(value), unit, dimensions or {}, time.time()))

    def add(self, datum: Datum) -> None:
        """Record a value. A fraction keeps three digits, so that a minute has few different values."""
        value = datum.value if datum.value.is_integer() else float(f"{datum.value:.3g}")
        minute = datum.at // 60 * 60
        key = (datum.namespace, datum.name, self._service._dims_key(datum.dimensions))
        with self._lock:
            points = self._service._metric_bucket(key)
            for point in reversed(points):
                if point["Timestamp"] < minute:
                    break
                if point["Timestamp"] == minute and point["Value"] == value and "_stat" not in point:
                    point["Count"] = point.get("Count", 1.0) + 1
                    return
            common = {"Timestamp": minute, "Unit": datum.unit, "Dimensions": dict(datum.dimensions)}
            points.append({**common, "Value": value, "Count": 1.0})

    def record_answer(self, api: str, stage: str, status: int, seconds: float) -> None:
        """Record an answer of the REST API."""
        dimensions = {"ApiName": api, "Stage": stage}
        self.record("AWS/ApiGateway", "Count", 1, "Count", dimensions)
        self.record("AWS/ApiGateway", "4XXError", int(400 <= status < 500), "Count", dimensions)
        self.record("AWS/ApiGateway", "5XXError", int(status >= 500), "Count", dimensions)
        self.record("AWS/ApiGateway", "Latency", seconds * 1e3, "Milliseconds", dimensions)

    def evaluate(self, alarm: dict[str, Any]) -> None:
        """Evaluate an alarm over its own dimensions and M of N periods. One whose metric has no value is unchanged."""
        name, dimensions = alarm.get("MetricName"), self._service._dims_from_list(alarm.get("Dimensions") or [])
        key = (alarm.get("Namespace"), name, self._service._dims_key(dimensions))
        points = self._service._metrics.get(key)
        if not points:
            return
        before, after = alarm["StateValue"], "ALARM" if self._fires(alarm, points) else "OK"
        if before != after:
            reason = f"Threshold Crossed: {name}"
            alarm |= {"StateValue": after, "StateReason": reason, "StateUpdatedTimestamp": int(time.time())}
            self._service._record_history(alarm["AlarmName"], before, after, reason)
            self._service._dispatch_alarm_actions(alarm, before, after, reason)
            self._service._evaluate_parent_alarms(alarm)

    def _fires(self, alarm: Mapping[str, Any], points: Sequence[Mapping[str, Any]]) -> bool:
        period, periods = int(alarm.get("Period") or 60), int(alarm.get("EvaluationPeriods") or 1)
        needed = int(alarm.get("DatapointsToAlarm") or periods)
        current = int(time.time() // period)
        found: dict[int, list[Mapping[str, Any]]] = {}
        for point in reversed(points):
            number = int(point["Timestamp"] // period)
            if number <= current - periods:
                break
            found.setdefault(number, []).append(point)
        numbers = range(current - periods + 1, current + 1)
        return sum(self._is_breaching(alarm, found.get(number, [])) for number in numbers) >= needed

    def _is_breaching(self, alarm: Mapping[str, Any], points: list[Mapping[str, Any]]) -> bool:
        if not points:
            return bool(alarm.get("TreatMissingData") == "breaching")
        stat = alarm.get("ExtendedStatistic") or alarm.get("Statistic") or "Average"
        value = self._service._stat_value(self._service._calc_stats(points), stat, points)
        compare = _COMPARISONS[alarm["ComparisonOperator"]]
        return value is not None and compare(value, float(alarm["Threshold"]))

    def _evaluate_sometimes(self) -> None:
        now = time.monotonic()
        if now - self._evaluated >= _EVALUATION_SECONDS:
            self._evaluated = now
            self._service._evaluate_all_alarms()
