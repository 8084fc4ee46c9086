"""The table of panels of the dashboard, and the metrics that they name."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from cli.dashboards.templates import queue_names
from vigil.kernel.metrics import OWN_METRICS, namespace_in_stack

Unit = Literal["count", "share", "milliseconds", "megabytes", "seconds"]
"""Unit of a panel's axis."""
STACK, DECISIONS, LIMITS = "${StackName}", "${DecisionsTable}", "${LimitsTable}"
"""Variables in namespaces and in the values of dimensions. Each form of the dashboard has its own names for them."""
_OWN = namespace_in_stack(OWN_METRICS, STACK)
"""Namespace of the metrics of the stack."""


@dataclass(frozen=True, slots=True)
class MetricKey:
    """Identity of a metric without the values of its dimensions."""

    namespace: str
    name: str
    dimensions: frozenset[str]


@dataclass(frozen=True, slots=True)
class Series:
    """One line of a panel: a metric with values of its dimensions, and its statistic per minute."""

    label: str
    namespace: str
    metric: str
    statistic: str
    dimensions: Mapping[str, str] = field(default_factory=dict)

    @property
    def keys(self) -> frozenset[MetricKey]:
        """The metric of this series."""
        return frozenset({MetricKey(self.namespace, self.metric, frozenset(self.dimensions))})


@dataclass(frozen=True, slots=True)
class Search:
    """The lines of all metrics with a name and these dimensions, added up to one line if `is_sum`."""

    label: str
    metric: str
    statistic: str
    dimensions: tuple[str, ...]
    is_sum: bool = True

    @property
    def expression(self) -> str:
        """CloudWatch's search expression. A namespace with a hyphen needs quotes.

        Format: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
        """
        schema = ",".join([f'"{_OWN}"', *self.dimensions])
        found = f"""SEARCH('{{{schema}}} MetricName="{self.metric}"', '{self.statistic}', 60)"""
        return f"SUM({found})" if self.is_sum else found

    @property
    def keys(self) -> frozenset[MetricKey]:
        """The metric of this search."""
        return frozenset({MetricKey(_OWN, self.metric, frozenset(self.dimensions))})


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel. `threshold` is that of the alarm `alarm`."""

    title: str
    unit: Unit
    series: Sequence[Series | Search]
    threshold: float | None = None
    alarm: str = ""
    has_alarms: bool = False
    """True for the panel with the states of the alarms."""


def panel_metrics(panels: Sequence[Panel]) -> frozenset[MetricKey]:
    """Return every metric that the panels name."""
    return frozenset(key for panel in panels for one in panel.series for key in one.keys)


def _api(label: str, metric: str, statistic: str) -> Series:
    return Series(label, "AWS/ApiGateway", metric, statistic, {"ApiName": STACK})


def _function(label: str, metric: str, statistic: str, name: str) -> Series:
    return Series(label, "AWS/Lambda", metric, statistic, {"FunctionName": f"{STACK}-{name}"})


def _table(label: str, metric: str, statistic: str, table: str, operation: str) -> Series:
    return Series(label, "AWS/DynamoDB", metric, statistic, {"TableName": table, "Operation": operation})


def _total(label: str, metric: str, dimension: str, value: str) -> Series:
    return Series(label, _OWN, metric, "Sum", {dimension: value})


def _queues(metric: str, statistic: str) -> Iterator[Series]:
    for name in queue_names():
        yield Series(name, "AWS/SQS", metric, statistic, {"QueueName": f"{STACK}-{name}"})


_BY_MODEL = ("service", "route", "model")


def build_panels() -> Sequence[Panel]:
    """Return the panels of the dashboard, in rows of three."""
    return (*_request_panels(), *_model_panels(), *_dependency_panels(), *_operation_panels())


def _request_panels() -> tuple[Panel, ...]:
    return (
        Panel("Request rate", "count", (_api("requests a minute", "Count", "Sum"),)),
        Panel(
            "Error rate",
            "share",
            (_api("5xx", "5XXError", "Average"), _api("4xx", "4XXError", "Average")),
            0.01,
            "server-errors",
        ),
        Panel(
            "Latency",
            "milliseconds",
            tuple(_api(name, "Latency", name) for name in ("p50", "p95", "p99")),
            1000,
            "slow-answers",
        ),
        Panel(
            "Active predictions",
            "count",
            tuple(
                _function(name, "ConcurrentExecutions", "Maximum", name) for name in ("scoring-api", "batches-chunk")
            ),
        ),
    )


def _model_panels() -> tuple[Panel, ...]:
    return (
        Panel(
            "Model accuracy",
            "share",
            (Search("AUC", "ModelAuc", "Minimum", ("service", "model"), is_sum=False),),
        ),
        Panel(
            "Open findings",
            "count",
            (Search("findings", "OpenFindings", "Maximum", ("service", "model"), is_sum=False),),
        ),
        Panel(
            "Risk levels",
            "count",
            tuple(Search(band, f"Band.{band}", "Sum", _BY_MODEL) for band in ("low", "moderate", "high")),
        ),
    )


def _dependency_panels() -> tuple[Panel, ...]:
    return (
        Panel(
            "Database",
            "milliseconds",
            (
                _table("decisions: PutItem", "SuccessfulRequestLatency", "p99", DECISIONS, "PutItem"),
                _table("limits: UpdateItem", "SuccessfulRequestLatency", "p99", LIMITS, "UpdateItem"),
                _total("failed requests", "DependencyErrors", "dependency", "database"),
            ),
        ),
        Panel("Queue depth", "count", tuple(_queues("ApproximateNumberOfMessagesVisible", "Maximum"))),
        Panel("Queue age", "seconds", tuple(_queues("ApproximateAgeOfOldestMessage", "Maximum")), 1200, "queue-late"),
        Panel(
            "Circuit breakers",
            "count",
            (
                _total("openings, deployment", "CircuitsOpened", "circuit_owner", "deployment"),
                _total("openings, tenants", "CircuitsOpened", "circuit_owner", "tenant"),
            ),
            2,
            "circuits-opened",
        ),
    )


def _operation_panels() -> tuple[Panel, ...]:
    return (
        Panel(
            "Resources",
            "megabytes",
            (
                Series("memory, scoring", _OWN, "scoring-memory", "Maximum"),
                Series("memory, batches", _OWN, "chunk-memory", "Maximum"),
                _function("throttles, scoring", "Throttles", "Sum", "scoring-api"),
            ),
            1592,
            "scoring-memory-high",
        ),
        Panel(
            "Refusals and dead letters",
            "count",
            (
                _total("no valid credential", "Denials", "denial", "unauthenticated"),
                _total("no permission", "Denials", "denial", "forbidden"),
                Series("dead letters", _OWN, "dead-letters-recorded", "Sum"),
            ),
        ),
        Panel(
            "Recent alerts",
            "count",
            (Search("notices sent", "notice_sent", "Sum", ("service", "queue")),),
            has_alarms=True,
        ),
    )
