"""Alarms of the templates, and CloudWatch's evaluation of an alarm over a series of values.

The embedded stack evaluates alarms only when a metric is written, without dimensions and without M of N. So this module
evaluates them as AWS documents it:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html#alarms-and-missing-data
"""

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.templates import TEMPLATES, resources, template

Values = Sequence[float]
"""The values of one period. An empty period is missing data."""
COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
STATISTICS: Mapping[str, Callable[[Values], float]] = {
    "Average": lambda values: sum(values) / len(values),
    "Maximum": max,
    "Minimum": min,
    "SampleCount": len,
    "Sum": sum,
}


@dataclass(frozen=True)
class Alarm:
    """An alarm of a template: its logical id, its template and its properties."""

    logical_id: str
    path: Path
    properties: Mapping[str, Any]

    @property
    def periods(self) -> int:
        """The number of periods that are evaluated."""
        return int(self.properties["EvaluationPeriods"])

    @property
    def threshold(self) -> float:
        """Threshold of the alarm; that of a parameter is its default."""
        found = self.properties["Threshold"]
        return float(template(self.path)["Parameters"][found["Ref"]]["Default"] if isinstance(found, dict) else found)

    def fires(self, series: Sequence[Values]) -> bool:
        """Return True if the alarm is in the state ALARM after the periods of a series, the latest last."""
        needed = int(self.properties.get("DatapointsToAlarm", self.periods))
        latest: list[Values] = ([[]] * self.periods + list(series))[-self.periods :]
        return sum(map(self._is_breaching, latest)) >= needed

    def _is_breaching(self, values: Values) -> bool:
        if not values:
            return bool(self.properties["TreatMissingData"] == "breaching")
        compare = COMPARISONS[self.properties["ComparisonOperator"]]
        return compare(self._statistic(values), self.threshold)

    def _statistic(self, values: Values) -> float:
        if percentile := self.properties.get("ExtendedStatistic"):
            rank = math.ceil(len(values) * float(percentile.removeprefix("p")) / 100)
            return sorted(values)[rank - 1]
        return float(STATISTICS[self.properties["Statistic"]](values))


def alarms() -> dict[str, Alarm]:
    """Return every alarm over one metric of every template, by its logical id."""
    found = [
        Alarm(logical_id, path, properties)
        for path in TEMPLATES
        for logical_id, properties in resources(path, "AWS::CloudWatch::Alarm").items()
        if "Metrics" not in properties
    ]
    by_id = {alarm.logical_id: alarm for alarm in found}
    assert len(by_id) == len(found), "two alarms have the same logical id"
    return by_id
