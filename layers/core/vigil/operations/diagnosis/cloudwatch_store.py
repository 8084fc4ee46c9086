"""Alarms and metrics in CloudWatch."""

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from vigil.aws.errors import translate_errors
from vigil.errors import Unavailable
from vigil.kernel.metrics import namespace_in_stack
from vigil.kernel.time import format_timestamp
from vigil.operations.diagnosis.model import FiringAlarm, Metric, Statistic

_FINE_SECONDS, _COARSE_SECONDS = 60, 300
"""Lengths of the periods of a short and of a long window. CloudWatch returns at most 1,440 periods."""
_FINE_UP_TO = timedelta(hours=1)
_FIRING = "ALARM"
_ALARM_TYPES = ("MetricAlarm", "CompositeAlarm")
"""Types of alarms that are listed. Without this argument, CloudWatch lists no composite alarms."""
_RECENT, _RECENT_WINDOW = "PT3H", timedelta(hours=3)
"""Period of activity in the form of CloudWatch, which knows no other one, and its duration."""
_MAX_PAGES = 20
"""Maximum pages of one list. A page has 500 metrics or 50 alarms."""


class _Monitoring:
    def __init__(self, client: Any) -> None:
        self._client = client

    def _call(self, operation: str, **arguments: Any) -> Any:
        with translate_errors("CloudWatch"):
            return getattr(self._client, operation)(**arguments)

    def _pages(self, operation: str, **arguments: Any) -> Iterator[Any]:
        position: dict[str, str] = {}
        for _ in range(_MAX_PAGES):
            page = self._call(operation, **arguments, **position)
            yield page
            if not (token := page.get("NextToken")):
                return
            position = {"NextToken": token}
        raise Unavailable(f"CloudWatch lists more than {_MAX_PAGES} pages.")


class CloudWatchAlarms(_Monitoring):
    """The alarms of one stack: `<stack>-<name>` for each of the names.

    The alarms of another stack may begin in the same way: `vigil` and `vigil-staging`.
    """

    def __init__(self, client: Any, stack: str, names: Collection[str]) -> None:
        super().__init__(client)
        self._stack = stack
        self._names = frozenset(names)

    def firing(self) -> Sequence[FiringAlarm]:
        """Return one entry per alarm in the state ALARM, composite alarms included. Raises Unavailable."""
        prefix = f"{self._stack}-"
        pages = self._pages(
            "describe_alarms", AlarmNamePrefix=prefix, StateValue=_FIRING, AlarmTypes=list(_ALARM_TYPES)
        )
        return [
            FiringAlarm(name, format_timestamp(alarm["StateUpdatedTimestamp"]))
            for page in pages
            for kind in _ALARM_TYPES
            for alarm in page.get(f"{kind}s", [])
            if alarm["StateValue"] == _FIRING and (name := alarm["AlarmName"].removeprefix(prefix)) in self._names
        ]


class CloudWatchTotals(_Monitoring):
    """Sums and sample counts of metrics. Own metrics are those of one stack."""

    def __init__(self, client: Any, stack: str, clock: Callable[[], datetime]) -> None:
        super().__init__(client)
        self._stack = stack
        self._clock = clock

    def recent(self, namespace: str, name: str, window: timedelta) -> Sequence[Metric]:
        """Return one metric per set of dimensions that may have data of the window under this name.

        For a window of up to three hours, only metrics with data of three hours are listed. For a longer one, those of
        two weeks are listed. Raises Unavailable, also for more than 20 pages.
        """
        activity = {"RecentlyActive": _RECENT} if window <= _RECENT_WINDOW else {}
        own = namespace_in_stack(namespace, self._stack)
        pages = self._pages("list_metrics", Namespace=own, MetricName=name, **activity)
        found = (
            Metric(namespace, name, tuple((each["Name"], each["Value"]) for each in metric["Dimensions"]))
            for page in pages
            for metric in page.get("Metrics", [])
        )
        return list(dict.fromkeys(found))

    def total(self, metric: Metric, window: timedelta, statistic: Statistic = "Sum") -> float:
        """Return the sum or the number of samples in the window that ends now; 0 without samples.

        Raises Unavailable.
        """
        now = self._clock()
        answer = self._call(
            "get_metric_statistics",
            Namespace=namespace_in_stack(metric.namespace, self._stack),
            MetricName=metric.name,
            Dimensions=[{"Name": name, "Value": value} for name, value in metric.dimensions],
            StartTime=now - window,
            EndTime=now + timedelta(minutes=1),
            Period=_FINE_SECONDS if window <= _FINE_UP_TO else _COARSE_SECONDS,
            Statistics=[statistic],
        )
        return float(sum(point[statistic] for point in answer.get("Datapoints", [])))
