"""Alerts of events on the bus, and of the deployments of the stack. Texts have ids, counts and names of parts only."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from vigil.alerting.alerts.model import DEFAULT_SEVERITIES, AlertEvent, AlertType, Severity
from vigil.alerting.sources.model import MAX_TEXT, as_id, object_of, text_of, time_of
from vigil.errors import UnreadableMessage
from vigil.kernel.tenants import OPERATORS

Detail = Mapping[str, Any]
STACK_CHANGED = "CloudFormation Stack Status Change"
"""Kind of the events that CloudFormation sends about a stack."""
_DIGEST_DIGITS = 12
_HOUR = len("2026-11-21T05")
_FULL = 100
"""Percentage at which a budget is used up."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The fields of an alert event that depend on the kind of the bus event. `is_cleared` is True to end the alert."""

    type: AlertType
    severity: Severity
    source: str
    title: str
    labels: tuple[tuple[str, str], ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    is_cleared: bool = False


def bus_event(document: Mapping[str, Any]) -> AlertEvent | None:
    """Return the alert event of an EventBridge event, or None if it changes no alert.

    `document` is the whole event. None stands for a batch that did not fail, and for a deployment that is in progress.
    Raises UnreadableMessage for a malformed event, and for an unknown kind: a later release may know it. Source:
    https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html
    """
    kind, detail = text_of(document, "detail-type"), object_of(document, "detail")
    if kind == STACK_CHANGED:
        return _deployment(document, detail)
    if kind not in FINDINGS:
        raise UnreadableMessage("detail-type is not a kind that raises an alert.")
    finding = FINDINGS[kind](detail)
    return _with_common_fields(finding, detail) if finding else None


def _with_common_fields(finding: Finding, detail: Detail) -> AlertEvent:
    correlation_id = detail.get("correlation_id")
    return AlertEvent(
        tenant_id=text_of(detail, "tenant_id"),
        event_id=as_id(text_of(detail, "event_id")),
        type=finding.type,
        severity=finding.severity,
        source=finding.source,
        title=finding.title,
        occurred_at=time_of(detail, "occurred_at"),
        is_cleared=finding.is_cleared,
        labels=finding.labels,
        facts=finding.facts,
        correlation_id=as_id(correlation_id) if isinstance(correlation_id, str) else "",
    )


def _high_risk(detail: Detail) -> Finding:
    """Return one alert per model and hour. The name of a model can name a diagnosis, so its digest stands for it."""
    model = text_of(detail, "model_digest").removeprefix("sha256:")[:_DIGEST_DIGITS]
    hour = time_of(detail, "occurred_at")[:_HOUR]
    title = "Decisions with a high risk were made. The number of events is the number of decisions."
    facts = (("hour", hour), ("model_digest", model), ("list", "GET /v1/scores"))
    return Finding("high_risk_prediction", "INFO", "scoring", title, (("hour", hour), ("model", model)), facts)


def _budget(detail: Detail) -> Finding:
    """Return one alert per budget and period of time. Its severity rises when the budget is used up."""
    threshold = _number(detail, "threshold")
    severity: Severity = "ERROR" if threshold >= _FULL else "WARNING"
    labels = _facts(detail, "category", "span")
    facts = (*labels, ("threshold_percent", str(threshold)), *_amounts(detail, "limit", "spent"))
    return Finding("cost_threshold", severity, "budgets", "A budget reached a threshold.", labels, facts)


def _anomaly(detail: Detail) -> Finding:
    labels = _facts(detail, "category", "began")
    facts = (*labels, *_amounts(detail, "spent", "expected", "bound"))
    return Finding("cost_threshold", "WARNING", "spend", "The spend of an hour is unusually high.", labels, facts)


def _circuit(detail: Detail, *, is_cleared: bool) -> Finding:
    circuit = text_of(detail, "circuit")
    facts = (("circuit", circuit[:MAX_TEXT]), *_counts(detail, "epoch", "failed", "calls"))
    title = "A circuit breaker is open: calls to this service fail and pause."
    source = as_id(f"circuit.{circuit}")
    return Finding("dependency_failure", "ERROR", source, title, (), facts, is_cleared)


def _circuit_opened(detail: Detail) -> Finding:
    return _circuit(detail, is_cleared=False)


def _circuit_closed(detail: Detail) -> Finding:
    return _circuit(detail, is_cleared=True)


def _parked(detail: Detail) -> Finding:
    """Return one alert per queue for a tenant, and one alert for the operators, which the alarm `WorkParked` joins."""
    facts = (*_facts(detail, "queue", "kind", "reason", "job_id"), ("list", "GET /v1/dlq/jobs?state=parked"))
    title = "Work is parked and needs a person."
    is_of_operators = detail.get("tenant_id") == OPERATORS
    source = "dead-letters" if is_of_operators else as_id(f"queue.{text_of(detail, 'queue')}")
    return Finding("work_stuck", "ERROR", source, title, (), facts)


def _batch(detail: Detail) -> Finding | None:
    """Return an alert for a failed batch only."""
    if text_of(detail, "state") != "failed":
        return None
    labels = _facts(detail, "batch_id")
    return Finding("work_stuck", "ERROR", "batches", "A batch failed.", labels, labels)


def _webhook(detail: Detail) -> Finding:
    facts = _facts(detail, "webhook_id", "failing_since")
    title = "A webhook is disabled, because all its deliveries failed for five days."
    return Finding("dependency_failure", "WARNING", as_id(f"webhook.{text_of(detail, 'webhook_id')}"), title, (), facts)


def _token_reused(detail: Detail) -> Finding:
    """Return an alert per key. The session has ended; clients without a lock over refreshes also reuse tokens."""
    facts = _facts(detail, "key_id", "session_id")
    title = "A refresh token was used twice: a copy of it may be stolen. Its session was ended."
    return Finding("security_breach", "ERROR", "tokens", title, _facts(detail, "key_id"), facts)


def _failure(detail: Detail, *, title: str) -> Finding:
    """Return an alert per group of failures and regression. Its severity rises when the failure becomes frequent."""
    failure_id = text_of(detail, "failure_id")
    severity: Severity = "ERROR" if detail.get("is_frequent") is True else "WARNING"
    labels = _counts(detail, "generation")
    facts = (*_facts(detail, "error", "kind", "function"), *_counts(detail, "function_version"))
    link = ("show", f"GET /v1/failures/{as_id(failure_id)}")
    return Finding("error_detected", severity, as_id(f"failure.{failure_id}"), title, labels, (*facts, link))


def _failure_found(detail: Detail) -> Finding:
    return _failure(detail, title="A new error occurs.")


def _failure_regressed(detail: Detail) -> Finding:
    return _failure(detail, title="An error that was resolved occurs again.")


def _objective(detail: Detail, *, is_cleared: bool) -> Finding:
    """Return one alert per objective and rule. Rules that page are CRITICAL."""
    name, rule = text_of(detail, "objective"), text_of(detail, "rule")
    severity: Severity = "WARNING" if rule == "ticket" else "CRITICAL"
    alert_type = _OBJECTIVE_TYPES.get(name, "work_stuck")
    facts = (*_facts(detail, "objective", "rule"), *_counts(detail, "valid", "bad", "budget_left_percent"))
    title = "An objective misses its target: its error budget is used up too fast."
    return Finding(alert_type, severity, as_id(f"objective.{name}"), title, _facts(detail, "rule"), facts, is_cleared)


def _objective_missed(detail: Detail) -> Finding:
    return _objective(detail, is_cleared=False)


def _objective_met(detail: Detail) -> Finding:
    return _objective(detail, is_cleared=True)


_OBJECTIVE_TYPES: Mapping[str, AlertType] = {"availability": "high_error_rate", "score_latency": "high_latency"}
"""Types of the alerts of objectives; that of all others is `work_stuck`."""


def _incident(detail: Detail, *, is_cleared: bool) -> Finding:
    """Return one CRITICAL alert per incident that escalated. The end of the incident clears it."""
    alert_type = text_of(detail, "alert_type")
    if alert_type not in DEFAULT_SEVERITIES:
        raise UnreadableMessage("alert_type is not a type of alerts.")
    facts = (*_facts(detail, "incident_id", "type", "reason"), ("list", "GET /v1/incidents"))
    source = as_id(f"incident.{text_of(detail, 'incident_id')}")
    title = "An incident has escalated: its time is over, a step failed, or a person asked for help."
    return Finding(cast("AlertType", alert_type), "CRITICAL", source, title, (), facts, is_cleared)


def _incident_escalated(detail: Detail) -> Finding:
    return _incident(detail, is_cleared=False)


def _incident_resolved(detail: Detail) -> Finding:
    return _incident(detail, is_cleared=True)


def _finding(detail: Detail, *, is_cleared: bool) -> Finding:
    """Return one alert per finding of a model. A decision about the finding clears it."""
    kind, finding_id = text_of(detail, "kind"), text_of(detail, "finding_id")
    if kind not in _FINDING_ALERTS:
        raise UnreadableMessage("kind is not a kind of findings.")
    alert_type, severity, title = _FINDING_ALERTS[kind]
    show = ("show", f"GET /v1/models/{text_of(detail, 'model')}/health"[:MAX_TEXT])
    facts = (*_facts(detail, "next_step", "finding_id", "since"), *_counts(detail, "version"), show)
    return Finding(alert_type, severity, as_id(f"finding.{finding_id}"), title, (), facts, is_cleared)


def _finding_opened(detail: Detail) -> Finding:
    return _finding(detail, is_cleared=False)


def _finding_decided(detail: Detail) -> Finding:
    return _finding(detail, is_cleared=True)


_FINDING_ALERTS: Mapping[str, tuple[AlertType, Severity, str]] = {
    "feed": ("model_degraded", "WARNING", "Features of a model are missing or constant: its data feed may be broken."),
    "population": ("model_degraded", "WARNING", "The features of a model are distributed differently."),
    "predictions": ("model_degraded", "WARNING", "The answers of a model are distributed differently."),
    "domain": ("model_failure", "ERROR", "A model is used outside the domain that it was made for."),
    "prior": ("model_degraded", "WARNING", "Events are more or less frequent than a model says."),
    "concept": ("model_degraded", "WARNING", "A model separates events from other decisions less well."),
    "labels": ("model_degraded", "WARNING", "Outcomes of decisions are overdue: performance cannot be confirmed."),
    "fairness": ("model_degraded", "WARNING", "A model serves a group worse than all others."),
    "release": ("model_failure", "ERROR", "The previous version of a model did better on the same outcomes."),
}
"""Type, severity and title of the alert of a finding, by its kind."""

FINDINGS: Mapping[str, Callable[[Detail], Finding | None]] = {
    "batches.completed": _batch,
    "budgets.threshold_reached": _budget,
    "circuits.closed": _circuit_closed,
    "circuits.opened": _circuit_opened,
    "dead_letters.parked": _parked,
    "failures.found": _failure_found,
    "failures.regressed": _failure_regressed,
    "objectives.met": _objective_met,
    "objectives.missed": _objective_missed,
    "incidents.escalated": _incident_escalated,
    "incidents.resolved": _incident_resolved,
    "findings.decided": _finding_decided,
    "findings.opened": _finding_opened,
    "scoring.high_risk_found": _high_risk,
    "spend.anomaly_found": _anomaly,
    "tokens.reused": _token_reused,
    "webhooks.endpoint_disabled": _webhook,
}
"""Function by the kind of a bus event. It returns the finding of the event's detail, or None for no alert."""


def _deployment(document: Mapping[str, Any], detail: Detail) -> AlertEvent | None:
    """Return an alert for the end of a deployment: INFO after a success, otherwise ERROR.

    Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/event-detail-stack-status-change.html
    """
    status = text_of(object_of(detail, "status-details"), "status")
    if status.endswith("_IN_PROGRESS"):
        return None
    has_failed = "ROLLBACK" in status or not status.endswith("_COMPLETE")
    event_id = as_id(text_of(document, "id"))
    return AlertEvent(
        tenant_id=OPERATORS,
        event_id=event_id,
        type="deployment_status",
        severity="ERROR" if has_failed else "INFO",
        source="deployment",
        title="A deployment failed." if has_failed else "A deployment is complete.",
        occurred_at=time_of(document, "time"),
        labels=(("deployment", event_id),),
        facts=(("status", status[:MAX_TEXT]), ("stack", text_of(detail, "stack-id")[:MAX_TEXT])),
    )


def _facts(detail: Detail, *names: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, text_of(detail, name)[:MAX_TEXT]) for name in names)


def _number(detail: Detail, name: str) -> int:
    value = detail.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= 1 << 63:
        raise UnreadableMessage(f"{name} must be a whole number.")
    return value


def _counts(detail: Detail, *names: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, str(_number(detail, name))) for name in names if name in detail)


def _amounts(detail: Detail, *names: str) -> tuple[tuple[str, str], ...]:
    """Return amounts in USD of fields in millionths."""
    return tuple((f"{name}_usd", f"{_number(detail, f'{name}_micros') / 1e6:.2f}") for name in names)
