"""One log line with embedded metrics, and one set of trace annotations, for each request.

The metrics are fields of the log line (CloudWatch's embedded metric format). Powertools Metrics would write a line of
its own, which takes as long as the request's line and is billed as well. A log line contains only the fields of
RequestFacts. See docs/adr/0016-a-log-line-carries-its-own-metrics.md.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from operator import attrgetter
from typing import IO, Any

from aws_lambda_powertools import Logger, Tracer

from vigil.kernel.metrics import OWN_METRICS
from vigil.runtime import correlation
from vigil.runtime.error_facts import describe_error, error_origin
from vigil.runtime.log_lines import LineFormatter, LineRecord


@dataclass(slots=True)
class RequestFacts:
    """All fields that a log line may contain. A field that is None is not part of the line.

    Features, subjects and bodies have no field here, by design.
    """

    method: str = ""
    route: str = "unmatched"
    status: int = 500
    latency_ms: float = 0.0
    tenant_id: str | None = None
    key_id: str | None = None
    target_tenant: str | None = None
    """The tenant that an operator's request is about."""
    model: str | None = None
    model_version: int | None = None
    band: str | None = None
    abstained: str | None = None
    """Reasons of an abstention, joined by commas."""
    decision_id: str | None = None
    replayed: bool | None = None
    not_kept: bool | None = None
    """True if the response could not be stored under its Idempotency-Key: a retry may repeat the effect."""
    explained: bool | None = None
    queue: str | None = None
    message_id: str | None = None
    batch_id: str | None = None
    attempts: int | None = None
    ending: str | None = None
    """The result of a message: `done`, `quarantined`, `postponed` (sent again), or `returned` to its queue."""
    unchecked: bool | None = None
    """True if the request was admitted without a rate limit check, because the counters were unavailable."""
    records: int | None = None
    failed: int | None = None
    high_risk: int | None = None
    """Number of new decisions with a high risk in a batch of the stream."""
    seconds: float | None = None
    """Seconds between the creation and the end of the batch that this message ended."""
    mismatches: int | None = None
    """Number of tenant days whose counters differ from the ledger."""
    problem: str | None = None
    error: str | None = None
    dependency: str | None = None
    """Dependency that did not answer: `database`. `DependencyErrors` counts it, also if the request succeeds."""
    stale: str | None = None
    """Name of a cache whose last known value was used, because the current one could not be read."""
    error_origin: dict[str, Any] | None = None
    """Classes and frames of the error, by which failures are grouped."""
    damaged: str | None = None
    """Names of stored items that cannot be read, joined by commas."""
    breach: str | None = None
    """Kind of a broken security rule, such as `tenant-trespass`. The metric `Breaches` counts it over all functions."""
    totals: dict[str, int] = field(default_factory=dict)
    """Numbers to add to metrics without a function among their dimensions. They are no fields of the line."""
    is_from_gateway: bool = False
    """True if API Gateway sent the request and counts it. This is no field of the line."""

    def record_error(self, error: Exception) -> None:
        """Record an error that a person must look at."""
        self.error = describe_error(error)
        self.error_origin = error_origin(error)
        self.breach = getattr(error, "breach", None)
        self.damaged = ", ".join(getattr(error, "items", ())) or None


_NAMES = tuple(name for name in RequestFacts.__slots__ if name not in {"totals", "is_from_gateway"})
_values = attrgetter(*_NAMES)
_UNITS = {"Latency": "Milliseconds", "BatchSeconds": "Seconds", "ModelAuc": "None"}
_DENIALS = {401: "unauthenticated", 403: "forbidden"}
"""Kind of a denial, by the status of its answer."""
SLOW_SCORE_MS = 300.0
"""Latency from which the answer to a score counts as slow, in milliseconds."""
MetricGroup = tuple[tuple[str, ...], Mapping[str, float]]
"""Dimensions of metrics, and the values of the metrics by name. Without dimensions, all functions share a metric."""
current: ContextVar[RequestFacts] = ContextVar("request_facts")


def count(name: str, number: int = 1) -> None:
    """Add a number to a metric without dimensions, with the line of the running request. Without one, do nothing."""
    if number and (facts := current.get(None)) is not None:
        facts.totals[name] = facts.totals.get(name, 0) + number


class Telemetry:
    """Powertools' logger and tracer for the facts of a request. `namespace` is that of the metrics of the stack.

    If not `traced`, there is no tracer: it loads the X-Ray SDK, which costs 20 MB and 0.1 s of start time.
    """

    def __init__(
        self, service: str, stream: IO[str] | None = None, *, traced: bool = True, namespace: str = OWN_METRICS
    ) -> None:
        self._namespace = namespace
        self._logger = Logger(service=service, stream=stream, logger_formatter=LineFormatter())
        self._lines = logging.getLogger(self._logger.name)  # the logger that Powertools has set up
        # The tracer would load botocore's client to patch it. `vigil.aws` records AWS calls itself.
        self._tracer = Tracer(service=service, auto_patch=False) if traced else None

    def wrap(self, handler: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        """Return the Lambda handler with request ids on every log line and one trace segment."""
        handler = self._logger.inject_lambda_context(handler)
        if self._tracer is None:
            return handler
        # Responses contain health data, so a trace never captures them.
        return self._tracer.capture_lambda_handler(handler, capture_response=False, capture_error=False)

    def begin(self, method: str) -> tuple[RequestFacts, float]:
        """Return new facts of a request and its start time in seconds of `time.perf_counter`. `end` takes both.

        The facts become the current ones of this context. `method` is the HTTP method, or the kind of a trigger such as
        `SQS`.
        """
        facts = RequestFacts(method=method)
        current.set(facts)
        return facts, time.perf_counter()

    def end(self, facts: RequestFacts, started: float) -> None:
        """Write the log line, metrics and trace annotations of a finished request.

        `started` is the start time that `begin` returned, in seconds. The latency is set in `facts`, in milliseconds. A
        broken security rule has a second line.
        """
        facts.latency_ms = round((time.perf_counter() - started) * 1e3, 3)
        known = {name: value for name, value in zip(_NAMES, _values(facts), strict=True) if value is not None}
        dimensions = ("service", "route", "model") if facts.model else ("service", "route")
        metrics = self._metrics(
            (dimensions, dict(_measures(facts))), ((), dict(_totals(facts))), *_labelled_totals(facts)
        )
        fields = {"correlation_id": correlation.current.get(), **known, **metrics}
        if denial := _DENIALS.get(facts.status):
            fields["denial"] = denial
        self._write("request", fields, failed=facts.status >= 500)
        if facts.breach:
            self.log_breach(facts.breach)
        if self._tracer:
            _annotate(self._tracer, facts)

    def log_breach(self, kind: str) -> None:
        """Write a log line and count a metric for a broken security rule. Its alarm covers all functions."""
        metrics = self._metrics((("breach",), {"Breaches": 1}))
        self._write("breach", {"correlation_id": correlation.current.get(), "breach": kind, **metrics}, failed=True)

    def log_event(
        self,
        name: str,
        *,
        failed: bool,
        about: tuple[str, str],
        total: tuple[str, str, str] | None = None,
        **facts: Any,
    ) -> None:
        """Write a log line and count a metric with one dimension (`about`) for an event outside of requests.

        `name` is the message of the line and the name of the metric. `failed` sets the level ERROR in place of INFO.
        `total` is a second metric over all functions: its name, its dimension and the value of the dimension. `facts`
        are further fields of the line.
        """
        dimension, value = about
        fields = facts | {dimension: value}
        groups: list[MetricGroup] = [(("service", dimension), {name: 1})]
        if total:
            total_name, label, fields[label] = total
            groups.append(((label,), {total_name: 1}))
        self._write(name, fields | self._metrics(*groups), failed=failed)

    def log_measures(self, name: str, *, about: tuple[str, str], measures: Mapping[str, float]) -> None:
        """Write a log line with the measures of one thing. Each is a metric whose dimension is `about`."""
        dimension, value = about
        metrics = self._metrics((("service", dimension), measures))
        self._write(name, {dimension: value, **metrics}, failed=False)

    def log_degradation(self, name: str) -> None:
        """Write a log line and count a metric for a dependency that the service currently runs without."""
        fields = {"correlation_id": correlation.current.get(), **self._metrics((("service",), {name: 1}))}
        self._write(name, fields, failed=True)

    def log_failed_read(self, cache: str, *, has_value: bool) -> None:
        """Write a log line and count a metric for a failed read of a cache."""
        self.log_event("CacheReadsFailed", failed=True, about=("cache", cache), has_value=has_value)

    def note_stale(self, cache: str) -> None:
        """Note in the facts of the current request that it used a last known value."""
        if facts := current.get(None):
            facts.stale = cache

    def _write(self, message: str, fields: dict[str, Any], *, failed: bool) -> None:
        level = logging.ERROR if failed else logging.INFO
        if self._lines.isEnabledFor(level):
            self._lines.handle(LineRecord(self._lines.name, level, message, fields))

    def _metrics(self, *groups: MetricGroup) -> dict[str, Any]:
        """Return the fields that turn a log line into metrics. The dimensions of each group are fields of the line."""
        directives = [
            _directive(self._namespace, dimensions, tuple(measures)) for dimensions, measures in groups if measures
        ]
        fields: dict[str, Any] = {"_aws": {"Timestamp": time.time_ns() // 1_000_000, "CloudWatchMetrics": directives}}
        for _, measures in groups:
            fields.update(measures)
        return fields


@lru_cache(maxsize=256)
def _directive(namespace: str, dimensions: tuple[str, ...], names: tuple[str, ...]) -> dict[str, Any]:
    """Return the directive that names the metrics of a line; all lines share it, so that it must not change.

    Format: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """
    units = [{"Name": name, "Unit": _UNITS.get(name, "Count")} for name in names]
    return {"Namespace": namespace, "Dimensions": [list(dimensions)], "Metrics": units}


def _labelled_totals(facts: RequestFacts) -> Iterator[MetricGroup]:
    """Yield the metrics with one dimension and without a function, so that one alarm sees all functions."""
    if facts.dependency:
        yield ("dependency",), {"DependencyErrors": 1}
    if facts.status in _DENIALS:
        yield ("denial",), {"Denials": 1}


def _measures(facts: RequestFacts) -> Iterator[tuple[str, float]]:
    yield "Latency", facts.latency_ms  # the number of requests is this metric's sample count
    if facts.status >= 500:
        yield "ServerErrors", 1
    if facts.mismatches is not None:
        yield "UsageMismatches", facts.mismatches
    if facts.high_risk:
        yield "HighRiskDecisions", facts.high_risk
    if facts.seconds is not None:
        yield "BatchSeconds", facts.seconds
    if facts.unchecked:
        yield "LimitsUnchecked", 1
    if facts.not_kept:
        yield "AnswersNotKept", 1
    if facts.band and not facts.replayed:
        yield f"Band.{facts.band}", 1
    if facts.ending:
        yield f"Message.{facts.ending}", 1


def _totals(facts: RequestFacts) -> Iterator[tuple[str, int]]:
    """Yield the metrics of objectives.

    Health checks are no requests of tenants, so that the objective subtracts them from the counts of API Gateway. It
    has not counted the checks of the schedule and of probes, which invoke the function directly.
    """
    if facts.is_from_gateway and facts.route.startswith("/health/"):
        yield "HealthChecks", 1
        if facts.status >= 500:
            yield "HealthFailures", 1
    if facts.band:
        yield "ScoreRequests", 1
        if facts.latency_ms >= SLOW_SCORE_MS:
            yield "SlowScores", 1
        if not facts.replayed:
            yield "Predictions", 1
    yield from facts.totals.items()


def record_outage(dependency: str) -> None:
    """Record a dependency that did not answer in the facts of the running request, if there is one."""
    if facts := current.get(None):
        facts.dependency = dependency


def _annotate(tracer: Tracer, facts: RequestFacts) -> None:
    # A stream starts a new trace, so the correlation id finds all traces of a request.
    if correlation_id := correlation.current.get():
        tracer.put_annotation("correlation_id", correlation_id)
    for name in ("tenant_id", "model", "model_version", "band", "decision_id", "status", "latency_ms"):
        if (value := getattr(facts, name)) is not None:
            tracer.put_annotation(name, value)
