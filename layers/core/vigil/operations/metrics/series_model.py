"""Collected metrics of CloudWatch, and the counters and timelines that grow from them. Pure values and rules."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from vigil.kernel.metrics import OWN_METRICS
from vigil.operations.objectives.model import ObjectiveName, Sums
from vigil.operations.objectives.timeline_model import Timeline

BACKFILL_MINUTES = 180
"""Minutes before `end` from which a new metric is collected. CloudWatch lists a new metric after 15 minutes."""
Values = Mapping[int, float]
"""Values by minute since 1970."""
_DELIVERY = (("service", "alerting-delivery"), ("queue", "alert-deliveries"))
NOTICE_ENDS = ("sent", "failed", "limited", "superseded", "unroutable")
"""Final states of notices that have a metric."""
ALERT_OUTCOMES = ("opened", "grouped")


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric of CloudWatch with one statistic over each minute. The namespace OWN_METRICS is that of the stack."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...] = ()
    stat: str = "Sum"


def own(name: str, dimensions: tuple[tuple[str, str], ...] = (), stat: str = "Sum") -> Metric:
    """Return a metric that Vigil's log lines count."""
    return Metric(OWN_METRICS, name, dimensions, stat)


def notice_metric(end: str) -> Metric:
    """Return the metric of notices with a final state of NOTICE_ENDS."""
    return own(f"notice_{end}", _DELIVERY)


def alert_metric(severity: str, outcome: str) -> Metric:
    """Return the metric of alert events of a severity that opened an alert or were grouped."""
    return own(f"Alerts.{severity}.{outcome}")


class Catalogue:
    """The metrics of a deployment with fixed names, each with one value per minute.

    They are those of the REST API, of predictions, of notices, of alert events by severity, and of the units of
    objectives. Metrics of routes are not among them: `MetricReader.active_routes` finds those.
    """

    quantiles = ("0.5", "0.95", "0.99")

    def __init__(self, api_name: str, stage: str, severities: Sequence[str]) -> None:
        self.severities = severities
        self._api = (("ApiName", api_name), ("Stage", stage))
        self.requests, self.refused, self.failed = map(self._gateway, ("Count", "4XXError", "5XXError"))
        self.latency = self._gateway("Latency")
        self.latency_quantiles = {
            quantile: self._gateway("Latency", f"p{float(quantile) * 100:g}") for quantile in self.quantiles
        }
        self.predictions = own("Predictions")
        self.unroutable = own("NoticesUnroutable")
        """Notices that had no receiver from the start. The metrics of deliveries do not have them."""
        health = own("HealthChecks"), own("HealthFailures")
        self.valid_and_bad: Mapping[ObjectiveName, tuple[Sequence[Metric], Sequence[Metric]]] = {
            "availability": ((self.requests, health[0]), (self.failed, health[1])),
            "score_latency": ((own("ScoreRequests"),), (own("SlowScores"),)),
            "critical_alerts": ((own("CriticalNotices"),), (own("CriticalNoticesLate"),)),
            "events": ((own("EventsTold"),), (own("EventsToldLate"),)),
            "batches": ((own("BatchesDone"),), (own("BatchesDoneLate"),)),
        }
        """Metrics of valid and bad units. The second of two is subtracted from the first."""

    def _gateway(self, name: str, stat: str = "Sum") -> Metric:
        return Metric("AWS/ApiGateway", name, self._api, stat)

    def counters(self) -> Sequence[Metric]:
        """Return all metrics of the catalogue that are summed, each once. Quantiles are not summed."""
        notices = [notice_metric(end) for end in NOTICE_ENDS]
        alerts = [alert_metric(severity, outcome) for severity in self.severities for outcome in ALERT_OUTCOMES]
        units = [metric for pair in self.valid_and_bad.values() for side in pair for metric in side]
        all_of_them = (self.requests, self.refused, self.failed, self.latency, self.predictions, self.unroutable)
        return list(dict.fromkeys([*all_of_them, *notices, *alerts, *units]))

    def points(self, values: Mapping[Metric, Values]) -> dict[ObjectiveName, dict[int, Sums]]:
        """Return the valid and bad units of each objective by minute, a number since 1970."""
        return {name: _points(values, *pair) for name, pair in self.valid_and_bad.items()}


def _points(values: Mapping[Metric, Values], valid: Sequence[Metric], bad: Sequence[Metric]) -> dict[int, Sums]:
    minutes = {minute for metric in (*valid, *bad) for minute in values.get(metric, ())}
    return {minute: Sums(_difference(values, valid, minute), _difference(values, bad, minute)) for minute in minutes}


def _difference(values: Mapping[Metric, Values], metrics: Sequence[Metric], minute: int) -> int:
    first, *rest = (values.get(metric, {}).get(minute, 0.0) for metric in metrics)
    return max(0, round(first - sum(rest)))


def server_errors(latency: Metric) -> Metric:
    """Return the metric of the 5xx answers of the route that a latency metric is about."""
    return own("ServerErrors", latency.dimensions)


@dataclass(frozen=True, slots=True)
class Count:
    """Sum of one metric over all minutes before `end`, a number of minutes since 1970."""

    value: float
    end: int


@dataclass(frozen=True, slots=True)
class SeriesMemory:
    """Sums of metrics, timelines of objectives, and the latest quantiles of the latency in milliseconds.

    All minutes before `end` are counted, a number of minutes since 1970; 0 before the first collection. `quantiles` has
    the values by name, such as `0.95`. `latest_end` is the end of the latest minute with a value, and 0 without values.
    """

    end: int = 0
    latest_end: int = 0
    counts: Mapping[Metric, Count] = field(default_factory=dict)
    timelines: Mapping[ObjectiveName, Timeline] = field(default_factory=dict)
    quantiles: Mapping[str, float] = field(default_factory=dict)

    def as_of(self, end: int) -> "SeriesMemory":
        """Return the memory for a collection up to `end`. If the memory is ahead, it ends with its latest value.

        A clock that was ahead has marked later minutes as counted before they had values. Each value still counts once,
        also if the clock of this collection is the wrong one.
        """
        if self.end <= end:
            return self
        counts = {metric: Count(count.value, min(count.end, self.latest_end)) for metric, count in self.counts.items()}
        return replace(self, end=self.latest_end, counts=counts)

    def starts(self, metrics: Iterable[Metric], end: int) -> dict[int, list[Metric]]:
        """Return the metrics by the first minute that is not counted. Minutes are numbers since 1970.

        `end` is the first minute after the collection that begins. A metric without a count starts BACKFILL_MINUTES
        before `end`.
        """
        found: dict[int, list[Metric]] = {}
        for metric in metrics:
            known = self.counts.get(metric)
            found.setdefault(known.end if known else end - BACKFILL_MINUTES, []).append(metric)
        return found

    def with_values(self, catalogue: Catalogue, values: Mapping[Metric, Values], end: int) -> "SeriesMemory":
        """Return the memory with the values of further minutes, each of which is added once.

        Minutes are numbers since 1970. `end` is the first minute after the values.
        """
        counts = dict(self.counts)
        quantiles = dict(self.quantiles)
        for quantile, metric in catalogue.latency_quantiles.items():
            if by_minute := values.get(metric):
                quantiles[quantile] = by_minute[max(by_minute)]
        for metric, by_minute in values.items():
            if metric not in catalogue.latency_quantiles.values():
                before = counts[metric].value if metric in counts else 0.0
                counts[metric] = Count(before + sum(by_minute.values()), end)
        points = catalogue.points(values)
        timelines = {name: self.timelines.get(name, Timeline()).with_points(points[name]) for name in points}
        latest_end = max((minute + 1 for by_minute in values.values() for minute in by_minute), default=0)
        return SeriesMemory(end, max(self.latest_end, latest_end), counts, timelines, quantiles)

    def value(self, metric: Metric) -> float:
        """Return the sum of a metric; 0 if it was never counted."""
        count = self.counts.get(metric)
        return count.value if count else 0.0

    def to_stored(self) -> dict[str, Any]:
        """Return the memory as JSON values."""
        return {
            "end": self.end,
            "latest_end": self.latest_end,
            "counts": [
                [metric.namespace, metric.name, metric.dimensions, metric.stat, count.value, count.end]
                for metric, count in self.counts.items()
            ],
            "timelines": {name: timeline.to_stored() for name, timeline in self.timelines.items()},
            "quantiles": dict(self.quantiles),
        }

    @classmethod
    def from_stored(cls, stored: Mapping[str, Any]) -> "SeriesMemory":
        """Return the memory of `to_stored`."""
        counts = {
            Metric(namespace, name, tuple((key, value) for key, value in dimensions), stat): Count(value, end)
            for namespace, name, dimensions, stat, value, end in stored["counts"]
        }
        timelines = {name: Timeline.from_stored(rows) for name, rows in stored["timelines"].items()}
        # A state of an earlier release has no `latest_end`.
        return cls(stored["end"], stored.get("latest_end", stored["end"]), counts, timelines, stored["quantiles"])
