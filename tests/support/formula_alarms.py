"""Alarms over several metrics: their formulas, evaluated for each minute, and the alarms that combine them.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy
from numpy.typing import NDArray

from tests.support.templates import TEMPLATES, resources

Series = NDArray[Any]
"""One value per minute."""


def sliding_sums(series: Series, minutes: int) -> Series:
    """Return the sum of the window that ends after each minute; minutes before the series have no units."""
    sums = numpy.concatenate([numpy.zeros(minutes), numpy.cumsum(series)])
    return numpy.asarray(sums[minutes:] - sums[:-minutes])


@dataclass(frozen=True)
class FormulaAlarm:
    """An alarm whose value is a formula over metrics of one period."""

    logical_id: str
    properties: Mapping[str, Any]

    @property
    def minutes(self) -> int:
        """The length of its window in minutes."""
        (period,) = {each["MetricStat"]["Period"] for each in self.metrics()}
        return int(period) // 60

    def metrics(self) -> list[Mapping[str, Any]]:
        """Return its metrics without the formulas."""
        return [each for each in self.properties["Metrics"] if "MetricStat" in each]

    def fires(self, series: Mapping[str, Series]) -> Series:
        """Return for each minute True if the alarm fires after it. `series` has values by the name of the metric."""
        known: dict[str, Series] = {}
        for each in self.properties["Metrics"]:
            if "MetricStat" in each:
                assert each["MetricStat"]["Stat"] == "Sum"
                known[each["Id"]] = sliding_sums(series[each["MetricStat"]["Metric"]["MetricName"]], self.minutes)
            else:
                known[each["Id"]] = evaluate(each["Expression"], known)
        (returned,) = (each["Id"] for each in self.properties["Metrics"] if each["ReturnData"])
        assert self.properties["ComparisonOperator"] == "GreaterThanThreshold"
        return numpy.asarray(known[returned] > self.properties["Threshold"])


def evaluate(formula: str, known: Mapping[str, Series]) -> Series:
    """Return the values of a formula with IF, FILL, AND, comparisons, minus and division."""

    def value(node: ast.expr) -> Any:
        found: Any
        match node:
            case ast.Constant(number):
                found = number
            case ast.Name(name):
                found = known[name]
            case ast.Call(ast.Name("FILL"), [metric, _]):
                found = value(metric)
            case ast.Call(ast.Name("IF"), [condition, then, other]):
                found = numpy.where(value(condition), value(then), value(other))
            case ast.BoolOp(ast.And(), [left, right]):
                found = value(left) & value(right)
            case ast.Compare(left, [ast.GtE()], [right]):
                found = value(left) >= value(right)
            case ast.BinOp(left, ast.Sub(), right):
                found = value(left) - value(right)
            case ast.BinOp(left, ast.Div(), right):
                by = value(right)
                found = numpy.divide(value(left), by, out=numpy.zeros(len(by)), where=by > 0)
            case _:
                raise AssertionError(ast.dump(node))
        return found

    return numpy.asarray(value(ast.parse(formula.replace(" AND ", " and "), mode="eval").body))


def formula_alarms() -> dict[str, FormulaAlarm]:
    """Return every alarm with a formula of every template, by its logical id."""
    return {
        logical_id: FormulaAlarm(logical_id, properties)
        for path in TEMPLATES
        for logical_id, properties in resources(path, "AWS::CloudWatch::Alarm").items()
        if "Metrics" in properties
    }


def composite_alarms() -> dict[str, Mapping[str, Any]]:
    """Return the properties of every alarm that combines others, by its logical id."""
    return {
        logical_id: properties
        for path in TEMPLATES
        for logical_id, properties in resources(path, "AWS::CloudWatch::CompositeAlarm").items()
    }
