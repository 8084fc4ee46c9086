"""Source of the metrics of CloudWatch: counters, the latency of the API, and the budgets of objectives."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from vigil.operations.metrics.model import Collected, Family, Labels, Sample, counter, gauge
from vigil.operations.metrics.ports import MetricReader
from vigil.operations.metrics.series_model import (
    ALERT_OUTCOMES,
    NOTICE_ENDS,
    Catalogue,
    Metric,
    SeriesMemory,
    Values,
    alert_metric,
    notice_metric,
    server_errors,
)
from vigil.operations.objectives.model import BUDGET_WINDOW, OBJECTIVES
from vigil.operations.objectives.timeline_model import minute_of

SETTLED_MINUTES = 3
"""Age from which a minute is complete in CloudWatch, in minutes."""
_EVERY_MINUTES = 5
"""Minimum minutes between two collections. GetMetricData is priced by the number of requested metrics."""
_MAX_MINUTES = 720
"""Maximum minutes of one collection, for a collector that was down."""


class SeriesSource:
    """Adds the minutes since the last collection to the counters and timelines.

    The mark of the last minute and the sums are stored in one conditional write, so that each minute counts once.
    """

    name = "cloudwatch"

    def __init__(self, reader: MetricReader, catalogue: Catalogue) -> None:
        self._reader = reader
        self._catalogue = catalogue

    def collect(self, before: Collected | None, now: datetime) -> Collected | None:
        """Return the families with all minutes up to three minutes ago, at most twelve hours more than before.

        Return None if fewer than five minutes can be added. Raises Unavailable.
        """
        end = minute_of(now) - SETTLED_MINUTES
        memory = (SeriesMemory.from_stored(before.memory) if before else SeriesMemory()).as_of(end)
        if end - memory.end < _EVERY_MINUTES:
            return None
        if memory.end:
            end = min(end, memory.end + _MAX_MINUTES)
        memory = memory.with_values(self._catalogue, self._read(memory, end), end)
        return Collected(tuple(self._families(memory)), memory.to_stored())

    def _read(self, memory: SeriesMemory, end: int) -> Mapping[Metric, Values]:
        routes = [metric for latency in self._reader.active_routes() for metric in (latency, server_errors(latency))]
        found: dict[Metric, Values] = {}
        for start, metrics in memory.starts([*self._catalogue.counters(), *routes], end).items():
            found.update(self._reader.read(metrics, max(start, end - _MAX_MINUTES), end))
        quantiles = list(self._catalogue.latency_quantiles.values())
        found.update(self._reader.read(quantiles, end - _EVERY_MINUTES, end))
        return found

    def _families(self, memory: SeriesMemory) -> Iterator[Family]:
        yield self._api_requests(memory)
        yield counter("vigil_requests", _route_counts(memory))
        yield self._latency(memory)
        yield counter("vigil_predictions", {(): memory.value(self._catalogue.predictions)})
        alerts: dict[Labels, float] = {
            (("severity", severity), ("outcome", outcome)): memory.value(alert_metric(severity, outcome))
            for severity in self._catalogue.severities
            for outcome in ALERT_OUTCOMES
        }
        yield counter("vigil_alerts", alerts)
        notices: dict[Labels, float] = {
            (("kind", "notice"), ("outcome", end)): memory.value(notice_metric(end)) for end in NOTICE_ENDS
        }
        notices[("kind", "notice"), ("outcome", "unroutable")] += memory.value(self._catalogue.unroutable)
        yield counter("vigil_deliveries", notices)
        yield gauge(
            "vigil_objective_budget_ratio",
            {
                (("objective", name),): OBJECTIVES[name].budget_left(timeline.window(memory.end, BUDGET_WINDOW))
                for name, timeline in memory.timelines.items()
            },
        )

    def _api_requests(self, memory: SeriesMemory) -> Family:
        names = self._catalogue
        total, refused, failed = (memory.value(metric) for metric in (names.requests, names.refused, names.failed))
        outcomes = {"answered": total - refused - failed, "failed": failed, "refused": refused}
        return counter("vigil_api_requests", {(("outcome", name),): value for name, value in outcomes.items()})

    def _latency(self, memory: SeriesMemory) -> Family:
        quantiles = (Sample((("quantile", name),), value / 1e3) for name, value in sorted(memory.quantiles.items()))
        seconds = memory.value(self._catalogue.latency) / 1e3
        requests = memory.value(self._catalogue.requests)
        return Family(
            "vigil_request_latency_seconds",
            (*quantiles, Sample((), seconds, "_sum"), Sample((), requests, "_count")),
        )


def _route_counts(memory: SeriesMemory) -> dict[Labels, float]:
    """Return the requests by function, route and outcome, summed over models."""
    found: dict[Labels, float] = {}
    for metric in memory.counts:
        if metric.stat == "SampleCount":
            failed = memory.value(server_errors(metric))
            for outcome, number in (("answered", memory.value(metric) - failed), ("failed", failed)):
                labels = (*_route_labels(metric), ("outcome", outcome))
                found[labels] = found.get(labels, 0.0) + number
    return found


def _route_labels(metric: Metric) -> Labels:
    dimensions = dict(metric.dimensions)
    return (("service", dimensions["service"]), ("route", dimensions["route"]))
