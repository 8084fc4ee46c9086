"""Reader of CloudWatch metrics."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vigil.aws.errors import translate_errors
from vigil.errors import Unavailable
from vigil.kernel.metrics import OWN_METRICS, namespace_in_stack
from vigil.operations.metrics.series_model import Metric, own
from vigil.operations.objectives.timeline_model import minute_of, start_of

_SOURCE = "CloudWatch"
_MAX_QUERIES = 100
"""Metrics of one GetMetricData call. With twelve hours of minutes they stay below 100,800 values."""
_ROUTE_DIMENSIONS = ({"service", "route"}, {"service", "route", "model"})


class CloudWatchReader:
    """Reads values by minute with GetMetricData, and finds active routes with ListMetrics.

    Own metrics are those of one stack.
    """

    def __init__(self, client: Any, stack: str) -> None:
        self._client = client
        self._stack = stack

    def read(self, metrics: Sequence[Metric], start: int, end: int) -> Mapping[Metric, Mapping[int, float]]:
        """Return the values by metric and minute. `start` and `end` are minutes since 1970; `end` is not included.

        A minute without data has no value. Raises Unavailable if CloudWatch does not return all values.
        """
        found: dict[Metric, dict[int, float]] = {}
        for first in range(0, len(metrics), _MAX_QUERIES):
            some = metrics[first : first + _MAX_QUERIES]
            found |= {metric: {} for metric in some}
            for result in self._results([self._query(place, metric) for place, metric in enumerate(some)], start, end):
                times = zip(result.get("Timestamps", ()), result.get("Values", ()), strict=True)
                values = found[some[int(result["Id"].removeprefix("m"))]]
                values.update({minute_of(moment): value for moment, value in times})
        return found

    def active_routes(self) -> Sequence[Metric]:
        """Return one latency metric per function, route and model with requests in the last three hours.

        A route without a model has one metric per function. The statistic is the number of requests.
        Raises Unavailable.
        """
        routes = [_route(entry["Dimensions"]) for page in self._pages() for entry in page.get("Metrics", ())]
        return [own("Latency", route, "SampleCount") for route in dict.fromkeys(route for route in routes if route)]

    def _results(self, queries: Sequence[Mapping[str, Any]], start: int, end: int) -> Iterator[Mapping[str, Any]]:
        statuses: dict[str, str] = {}
        window = {"StartTime": start_of(start), "EndTime": start_of(end)}
        for page in self._paged("get_metric_data", MetricDataQueries=queries, **window):
            for result in page["MetricDataResults"]:
                statuses[result["Id"]] = result.get("StatusCode", "Complete")
                yield result
        if set(statuses.values()) - {"Complete"}:
            raise Unavailable("CloudWatch did not return all values; try again.")

    def _pages(self) -> Iterator[Mapping[str, Any]]:
        namespace = namespace_in_stack(OWN_METRICS, self._stack)
        return self._paged("list_metrics", Namespace=namespace, MetricName="Latency", RecentlyActive="PT3H")

    def _query(self, place: int, metric: Metric) -> dict[str, Any]:
        dimensions = [{"Name": name, "Value": value} for name, value in metric.dimensions]
        namespace = namespace_in_stack(metric.namespace, self._stack)
        named = {"Namespace": namespace, "MetricName": metric.name, "Dimensions": dimensions}
        return {"Id": f"m{place}", "MetricStat": {"Metric": named, "Period": 60, "Stat": metric.stat}}

    def _paged(self, operation: str, **arguments: Any) -> Iterator[Mapping[str, Any]]:
        token: str | None = None
        while True:
            more = {"NextToken": token} if token else {}
            with translate_errors(_SOURCE):
                page = getattr(self._client, operation)(**arguments, **more)
            yield page
            if not (token := page.get("NextToken")):
                return


def _route(dimensions: Sequence[Mapping[str, str]]) -> tuple[tuple[str, str], ...] | None:
    """Return the dimensions of a route in order, or None for another metric."""
    by_name = {each["Name"]: each["Value"] for each in dimensions}
    return tuple(sorted(by_name.items())) if by_name.keys() in _ROUTE_DIMENSIONS else None
