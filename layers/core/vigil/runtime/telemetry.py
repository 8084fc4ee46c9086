"""One log line, which carries its metrics, and one trace annotation set per request, from allow-listed facts."""

import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import IO, Any

from aws_lambda_powertools import Logger, Tracer
from pydantic_core import to_json

from vigil.runtime import correlation


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


_UNITS = {"Latency": "Milliseconds"}
current: ContextVar[RequestFacts] = ContextVar("request_facts")


class Telemetry:
    """Powertools' logger and tracer, bound to the facts of a request.

    Metrics are part of the line (CloudWatch's embedded metric format): a line of their own takes as long again, and is
    paid for again. A tracer brings the X-Ray SDK along, 20 MB and a tenth of a second of init: none if not `traced`.
    """

    def __init__(self, service: str, stream: IO[str] | None = None, *, traced: bool = True) -> None:
        # A message of ours is never JSON, so that it needs no parsing; the rest writes the same line in half the time.
        self._logger = Logger(
            service=service, stream=stream, json_serializer=_line, json_deserializer=str, use_rfc3339=True, utc=True
        )
        self._tracer = Tracer(service=service) if traced else None

    def wrap(self, handler: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        """Return the Lambda entry: request ids on every line, one trace segment."""
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
        """Write the line, its metrics and the annotations of a finished request."""
        facts.latency_ms = round((time.perf_counter() - started) * 1e3, 3)
        known = {name: value for name in facts.__slots__ if (value := getattr(facts, name)) is not None}
        level = self._logger.error if facts.status >= 500 else self._logger.info
        dimensions = ("route", "model") if facts.model else ("route",)
        measured = self._metrics(dimensions, dict(_measures(facts)))
        level("request", correlation_id=correlation.current.get(), **known, **measured)
        if self._tracer:
            _annotate(self._tracer, facts)

    def event(self, name: str, *, failed: bool, about: tuple[str, str], **said: Any) -> None:
        """Write a line and count a metric, by one dimension, for something that is no request."""
        level = self._logger.error if failed else self._logger.info
        dimension, value = about
        level(name, **said | {dimension: value}, **self._metrics([dimension], {name: 1}))

    def degraded(self, what: str) -> None:
        """Write a line and count a metric for something that the service does without, for now."""
        self._logger.error(what, correlation_id=correlation.current.get(), **self._metrics([], {what: 1}))

    def _metrics(self, dimensions: Iterable[str], measures: Mapping[str, float]) -> dict[str, Any]:
        """Return what makes metrics of a line that has the dimensions among its fields.

        https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
        """
        units = [{"Name": name, "Unit": _UNITS.get(name, "Count")} for name in measures]
        directive = {"Namespace": "Vigil", "Dimensions": [["service", *dimensions]], "Metrics": units}
        about = {"Timestamp": time.time_ns() // 1_000_000, "CloudWatchMetrics": [directive]}
        return {"_aws": about, **measures}


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


def _line(entry: dict[str, Any]) -> str:
    return to_json(entry, inf_nan_mode="null", fallback=str).decode()
