"""One log line, one metrics flush and one trace annotation set per request, from allow-listed facts."""

import time
import traceback
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import IO, Any

from aws_lambda_powertools import Logger, Metrics, Tracer, single_metric
from aws_lambda_powertools.metrics import MetricUnit
from pydantic_core import to_json

from vigil.platform import correlation


def place(error: Exception) -> str:
    """Return the class of an error, where it was raised, and its cause; never a message, which may quote input."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    said = f"{type(error).__name__} at {frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}"
    if (cause := error.__cause__) is None:
        return said
    code = getattr(cause, "response", {}).get("Error", {}).get("Code")  # what AWS calls it
    return f"{said} from {type(cause).__name__}" + (f" {code}" if code else "")


@dataclass(slots=True)
class RequestFacts:
    """Everything a log line may say of a request. Features, subjects and bodies have no field here, by design."""

    method: str = ""
    route: str = "unmatched"
    status: int = 500
    latency_ms: float = 0.0
    tenant_id: str | None = None
    key_id: str | None = None
    target_tenant: str | None = None
    """Whom an administrator's request is about."""
    model: str | None = None
    model_version: int | None = None
    band: str | None = None
    decision_id: str | None = None
    replayed: bool | None = None
    not_kept: bool | None = None
    """The answer could not be kept under its Idempotency-Key: a retry may have its effect again."""
    explained: bool | None = None
    queue: str | None = None
    message_id: str | None = None
    batch_id: str | None = None
    attempts: int | None = None
    ending: str | None = None
    """What became of a message: done, quarantined, or returned to its queue."""
    unchecked: bool | None = None
    """Let in without a look at its limits, because what counts them was away."""
    records: int | None = None
    failed: int | None = None
    mismatches: int | None = None
    """Days of tenants whose counters were not what the ledger has."""
    problem: str | None = None
    error: str | None = None

    def blame(self, error: Exception) -> None:
        """Note an unexpected error."""
        self.error = place(error)


current: ContextVar[RequestFacts] = ContextVar("request_facts")


class Telemetry:
    """Powertools' logger, metrics and tracer, bound to the facts of a request.

    A tracer brings the X-Ray SDK along: 20 MB and a tenth of a second of init, so that there is none if not `traced`.
    """

    def __init__(self, service: str, stream: IO[str] | None = None, *, traced: bool = True) -> None:
        # A message of ours is never JSON, so that it needs no parsing; the rest writes the same line in half the time.
        self._logger = Logger(
            service=service, stream=stream, json_serializer=_line, json_deserializer=str, use_rfc3339=True, utc=True
        )
        self._metrics = Metrics(namespace="Vigil", service=service)
        self._tracer = Tracer(service=service) if traced else None

    def wrap(self, handler: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        """Return the Lambda entry: request ids on every line, metrics flushed once, one trace segment."""
        handler = self._metrics.log_metrics(handler, capture_cold_start_metric=True)
        handler = self._logger.inject_lambda_context(handler, clear_state=True)
        if self._tracer is None:
            return handler
        # Answers hold health data: they are never captured into a trace.
        return self._tracer.capture_lambda_handler(handler, capture_response=False, capture_error=False)

    def begin(self, method: str) -> tuple[RequestFacts, float]:
        """Start collecting facts; returns them and the start time for `end`."""
        facts = RequestFacts(method=method)
        current.set(facts)
        return facts, time.perf_counter()

    def end(self, facts: RequestFacts, started: float) -> None:
        """Write the line, the metrics and the annotations of a finished request."""
        facts.latency_ms = round((time.perf_counter() - started) * 1e3, 3)
        known = {name: value for name in facts.__slots__ if (value := getattr(facts, name)) is not None}
        level = self._logger.error if facts.status >= 500 else self._logger.info
        level("request", correlation_id=correlation.current.get(), **known)
        self._measure(facts)
        if self._tracer:
            _annotate(self._tracer, facts)

    def event(self, name: str, *, failed: bool, about: tuple[str, str], **said: Any) -> None:
        """Write a line and count a metric, by one dimension, for something that is no request."""
        level = self._logger.error if failed else self._logger.info
        dimension, value = about
        said[dimension] = value
        level(name, **said)
        with single_metric(name, MetricUnit.Count, 1, namespace="Vigil") as metric:
            metric.add_dimension(dimension, value)

    def degraded(self, what: str) -> None:
        """Write a line and count a metric for something that the service does without, for now."""
        self._logger.error(what, correlation_id=correlation.current.get())
        with single_metric(what, MetricUnit.Count, 1, namespace="Vigil"):
            pass

    def _measure(self, facts: RequestFacts) -> None:
        dimensions = {"route": facts.route} | ({"model": facts.model} if facts.model else {})
        pending = {name: text for name, text in self._metrics.dimension_set.items() if name != "service"}
        if pending and pending != dimensions:  # the messages of one batch may be of several kinds
            self._metrics.flush_metrics()
        for name, text in dimensions.items():
            self._metrics.add_dimension(name, text)
        # The number of requests is this metric's sample count.
        self._metrics.add_metric("Latency", MetricUnit.Milliseconds, facts.latency_ms)
        if facts.status >= 500:
            self._metrics.add_metric("ServerErrors", MetricUnit.Count, 1)
        if facts.mismatches is not None:
            self._metrics.add_metric("UsageMismatches", MetricUnit.Count, facts.mismatches)
        if facts.unchecked:
            self._metrics.add_metric("LimitsUnchecked", MetricUnit.Count, 1)
        if facts.not_kept:
            self._metrics.add_metric("AnswersNotKept", MetricUnit.Count, 1)
        if facts.band and not facts.replayed:
            self._metrics.add_metric(f"Band.{facts.band}", MetricUnit.Count, 1)
        if facts.ending:
            self._metrics.add_metric(f"Message.{facts.ending}", MetricUnit.Count, 1)


def _annotate(tracer: Tracer, facts: RequestFacts) -> None:
    for name in ("tenant_id", "model", "model_version", "band", "decision_id", "status", "latency_ms"):
        if (value := getattr(facts, name)) is not None:
            tracer.put_annotation(name, value)


def _line(entry: dict[str, Any]) -> str:
    return to_json(entry, inf_nan_mode="null", fallback=str).decode()
