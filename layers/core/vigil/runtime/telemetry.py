"""One log line with embedded metrics, and one set of trace annotations, for each request.

The metrics are fields of the log line (CloudWatch's embedded metric format). Powertools Metrics would write a line of
its own, which takes as long as the request's line and is billed as well. A log line contains only the fields of
RequestFacts. See docs/adr/0016-a-log-line-carries-its-own-metrics.md.
"""

import logging
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import IO, Any

from aws_lambda_powertools import Logger, Tracer

from vigil.runtime import correlation
from vigil.runtime.log_lines import LineFormatter, LineRecord


def describe_error(error: Exception) -> str:
    """Return an error's class, source line and cause. The message is omitted, because it may quote input."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    text = f"{type(error).__name__} at {frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}"
    if (cause := error.__cause__) is None:
        return text
    refusal = getattr(cause, "response", None) or {}  # botocore's network errors have a `response` that is None
    code = refusal.get("Error", {}).get("Code")  # the AWS error code
    return f"{text} from {type(cause).__name__}" + (f" {code}" if code else "")


@dataclass(slots=True)
class RequestFacts:
    """All fields that a log line may contain. Features, subjects and bodies have no field here, by design."""

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
    mismatches: int | None = None
    """Number of tenant days whose counters differ from the ledger."""
    problem: str | None = None
    error: str | None = None
    breach: str | None = None
    """Kind of a broken security rule, such as `tenant-trespass`. The metric `Breaches` counts it over all functions."""

    def record_error(self, error: Exception) -> None:
        """Record an unexpected error."""
        self.error = describe_error(error)
        self.breach = getattr(error, "breach", None)


_NAMES = RequestFacts.__slots__
_values = attrgetter(*_NAMES)
_UNITS = {"Latency": "Milliseconds"}
_BREACHES = [{"Namespace": "Vigil", "Dimensions": [["breach"]], "Metrics": [{"Name": "Breaches", "Unit": "Count"}]}]
"""Directive of the metric that has no function among its dimensions, so that one alarm sees all functions."""
current: ContextVar[RequestFacts] = ContextVar("request_facts")


class Telemetry:
    """Powertools' logger and tracer for the facts of a request.

    If not `traced`, there is no tracer: it loads the X-Ray SDK, which costs 20 MB and 0.1 s of start time.
    """

    def __init__(self, service: str, stream: IO[str] | None = None, *, traced: bool = True) -> None:
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
        """Start the facts of a request. Return them and the start time for `end`."""
        facts = RequestFacts(method=method)
        current.set(facts)
        return facts, time.perf_counter()

    def end(self, facts: RequestFacts, started: float) -> None:
        """Write the log line, metrics and trace annotations of a finished request."""
        facts.latency_ms = round((time.perf_counter() - started) * 1e3, 3)
        known = {name: value for name, value in zip(_NAMES, _values(facts), strict=True) if value is not None}
        dimensions = ("route", "model") if facts.model else ("route",)
        fields = {"correlation_id": correlation.current.get(), **known, **_metrics(dimensions, dict(_measures(facts)))}
        self._write("request", fields, failed=facts.status >= 500)
        if facts.breach:
            self.log_breach(facts.breach)
        if self._tracer:
            _annotate(self._tracer, facts)

    def log_breach(self, kind: str) -> None:
        """Write a log line and count a metric for a broken security rule. Its alarm covers all functions."""
        fields = {"correlation_id": correlation.current.get(), "breach": kind}
        about = {"Timestamp": time.time_ns() // 1_000_000, "CloudWatchMetrics": _BREACHES}
        self._write("breach", {**fields, "_aws": about, "Breaches": 1}, failed=True)

    def log_event(self, name: str, *, failed: bool, about: tuple[str, str], **facts: Any) -> None:
        """Write a log line and count a metric with one dimension (`about`) for an event outside of requests."""
        dimension, value = about
        self._write(name, facts | {dimension: value} | _metrics((dimension,), {name: 1}), failed=failed)

    def log_degradation(self, name: str) -> None:
        """Write a log line and count a metric for a dependency that the service currently runs without."""
        fields = {"correlation_id": correlation.current.get(), **_metrics((), {name: 1})}
        self._write(name, fields, failed=True)

    def _write(self, message: str, fields: dict[str, Any], *, failed: bool) -> None:
        level = logging.ERROR if failed else logging.INFO
        if self._lines.isEnabledFor(level):
            self._lines.handle(LineRecord(self._lines.name, level, message, fields))


def _metrics(dimensions: tuple[str, ...], measures: Mapping[str, float]) -> dict[str, Any]:
    """Return the fields that turn a log line with these dimensions among its fields into metrics."""
    about = {"Timestamp": time.time_ns() // 1_000_000, "CloudWatchMetrics": _directives(dimensions, tuple(measures))}
    return {"_aws": about, **measures}


@lru_cache(maxsize=256)
def _directives(dimensions: tuple[str, ...], names: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return the directive that names the metrics of a line; all lines share it, so that it must not change.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """
    units = [{"Name": name, "Unit": _UNITS.get(name, "Count")} for name in names]
    return [{"Namespace": "Vigil", "Dimensions": [["service", *dimensions]], "Metrics": units}]


def _measures(facts: RequestFacts) -> Iterator[tuple[str, float]]:
    yield "Latency", facts.latency_ms  # the number of requests is this metric's sample count
    if facts.status >= 500:
        yield "ServerErrors", 1
    if facts.mismatches is not None:
        yield "UsageMismatches", facts.mismatches
    if facts.unchecked:
        yield "LimitsUnchecked", 1
    if facts.not_kept:
        yield "AnswersNotKept", 1
    if facts.band and not facts.replayed:
        yield f"Band.{facts.band}", 1
    if facts.ending:
        yield f"Message.{facts.ending}", 1


def _annotate(tracer: Tracer, facts: RequestFacts) -> None:
    for name in ("tenant_id", "model", "model_version", "band", "decision_id", "status", "latency_ms"):
        if (value := getattr(facts, name)) is not None:
            tracer.put_annotation(name, value)
