"""The metrics of log lines, as CloudWatch reads them from the embedded metric format."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cli.dashboards.panels import MetricKey


@dataclass(frozen=True, slots=True)
class Point:
    """One value of a metric. `at` is its time in milliseconds since 1970."""

    key: MetricKey
    dimensions: Mapping[str, str]
    at: int
    value: float


def read_points(line: str) -> Iterator[Point]:
    """Yield one point per metric of a log line and set of its dimensions; none for a line without metrics.

    Raises ValueError for broken JSON, and KeyError for a missing field. Source:
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """
    if '"_aws"' not in line:
        return
    fields = json.loads(line)
    about = fields["_aws"]
    for directive in about["CloudWatchMetrics"]:
        for names in directive["Dimensions"]:
            dimensions = {name: str(fields[name]) for name in names}
            for metric in directive["Metrics"]:
                key = MetricKey(directive["Namespace"], metric["Name"], frozenset(names))
                yield Point(key, dimensions, about["Timestamp"], float(fields[metric["Name"]]))
