"""Families of metrics, their samples, and the state of a source. Pure values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

MetricType = Literal["counter", "gauge", "summary"]
Labels = tuple[tuple[str, str], ...]
"""Names and values of labels, in order."""
MAX_AGE = timedelta(minutes=15)
"""Age of a source from which its families are left out."""
MAX_AHEAD = timedelta(minutes=5)
"""Time up to which a stored time may be ahead of the clock. Clocks of functions differ by less."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of a family. `suffix` is `_total`, `_sum`, `_count` or empty."""

    labels: Labels
    value: float
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class Family:
    """A family of metrics with its samples. The name of a counter is without `_total`."""

    name: str
    samples: tuple[Sample, ...] = ()


@dataclass(frozen=True, slots=True)
class FamilyKind:
    """Type of a family and its text for people."""

    type: MetricType
    help: str


FAMILIES: Mapping[str, FamilyKind] = {
    "vigil_api_requests": FamilyKind(
        "counter", "Requests at API Gateway: answered, refused (4xx) or failed (5xx), health checks included."
    ),
    "vigil_requests": FamilyKind("counter", "Requests, messages and runs by function and route: answered or failed."),
    "vigil_request_latency_seconds": FamilyKind(
        "summary", "Latency at API Gateway. Quantiles are those of the latest minute with requests."
    ),
    "vigil_predictions": FamilyKind("counter", "New decisions and scored rows of batches."),
    "vigil_alerts": FamilyKind("counter", "Alert events by severity: opened an alert, or grouped into one."),
    "vigil_alerts_open": FamilyKind("gauge", "Open alerts of the operators by severity."),
    "vigil_deliveries": FamilyKind("counter", "Notices of alerts by their end."),
    "vigil_circuit_state": FamilyKind("gauge", "1 for the current state of a circuit breaker, 0 for the others."),
    "vigil_circuit_calls": FamilyKind("counter", "Calls of a circuit breaker: answered, failed or refused."),
    "vigil_queue_messages": FamilyKind("gauge", "Approximate messages of a queue: visible, in flight or delayed."),
    "vigil_failure_groups": FamilyKind("gauge", "Groups of failures in the logs by state."),
    "vigil_dead_letter_jobs": FamilyKind("gauge", "Unresolved dead-letter jobs by queue and state."),
    "vigil_objective_budget_ratio": FamilyKind(
        "gauge", "Share of the error budget of 30 days that is left; negative when overspent."
    ),
    "vigil_collected_timestamp_seconds": FamilyKind("gauge", "Time of the last collection from a source."),
}
"""Type and help of each family, in the order of the answer. A new family needs an entry."""


@dataclass(frozen=True, slots=True)
class Collected:
    """Result of one collection: the families of a source, and its memory for the next collection as JSON values."""

    families: tuple[Family, ...]
    memory: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SourceState:
    """Result of the last collection from one source, with its time. `version` grows with each write, from 1."""

    name: str
    collected_at: datetime
    collected: Collected
    version: int = 1

    def is_ahead(self, now: datetime) -> bool:
        """Return True if the clock of the collection was wrong: its time is more than MAX_AHEAD after `now`."""
        return self.collected_at - now > MAX_AHEAD

    def is_fresh(self, now: datetime) -> bool:
        """Return True if the families are younger than MAX_AGE, so that a scrape returns them."""
        return now - self.collected_at < MAX_AGE


def counter(name: str, values: Mapping[Labels, float]) -> Family:
    """Return a family of counters, in the order of the labels."""
    return Family(name, tuple(Sample(labels, value, "_total") for labels, value in sorted(values.items())))


def gauge(name: str, values: Mapping[Labels, float]) -> Family:
    """Return a family of gauges, in the order of the labels."""
    return Family(name, tuple(Sample(labels, value) for labels, value in sorted(values.items())))
