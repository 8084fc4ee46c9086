"""Events of seven common alerts. Each function sets the type, the default severity, the title and the facts."""

from dataclasses import dataclass, replace

from vigil.alerting.alerts.model import DEFAULT_SEVERITIES, AlertEvent, AlertType, Severity


@dataclass(frozen=True, slots=True)
class EventOrigin:
    """Origin of an event: the tenant that must act, the event's own id, its source and its time.

    Events with equal ids count once per tenant, type, source and labels. `occurred_at` is a timestamp. `labels` split
    the alerts of one source. `is_cleared` is True for the event that ends the alert.
    """

    tenant_id: str
    event_id: str
    source: str
    occurred_at: str
    labels: tuple[tuple[str, str], ...] = ()
    link: str = ""
    correlation_id: str = ""
    is_cleared: bool = False


def high_error_rate(origin: EventOrigin, *, failed: int, total: int) -> AlertEvent:
    """Return the event of too many failed requests, with their number and share. `total` is at least 1."""
    facts = (("failed", str(failed)), ("requests", str(total)), ("share", f"{failed / total:.1%}"))
    return _event(origin, "high_error_rate", f"{failed / total:.1%} of the requests fail", facts)


def high_latency(origin: EventOrigin, *, p99_ms: float, limit_ms: float) -> AlertEvent:
    """Return the event of slow answers: the 99th percentile of their duration and its limit, both in milliseconds."""
    facts = (("p99", f"{p99_ms:.0f} ms"), ("limit", f"{limit_ms:.0f} ms"))
    return _event(origin, "high_latency", f"Answers take {p99_ms:.0f} ms", facts)


def system_down(origin: EventOrigin, *, reason: str) -> AlertEvent:
    """Return the event of a system that does not answer. `reason` is a short code, for example `no-answer`."""
    return _event(origin, "system_down", f"{origin.source} is down", (("reason", reason),))


def deployment_status(origin: EventOrigin, *, release: str, status: str, is_failed: bool = False) -> AlertEvent:
    """Return the event of a deployment: INFO, or ERROR with `is_failed`. `status` is a word such as `complete`."""
    facts = (("release", release), ("status", status))
    severity: Severity | None = "ERROR" if is_failed else None
    return _event(origin, "deployment_status", f"Deployment {status}", facts, severity)


def model_failure(origin: EventOrigin, *, model_digest: str, reason: str) -> AlertEvent:
    """Return the event of a model that cannot decide. It names the digest, because a name can be a diagnosis."""
    facts = (("model", model_digest), ("reason", reason))
    return _event(origin, "model_failure", "A model cannot decide", facts)


def security_breach(origin: EventOrigin, *, reason: str, count: int = 1) -> AlertEvent:
    """Return the event of an attack or a leak. `reason` is a short code, for example `token-reused`."""
    return _event(origin, "security_breach", f"Security: {reason}", (("reason", reason), ("count", str(count))))


def high_risk_prediction(origin: EventOrigin, *, model_digest: str, hour: str) -> AlertEvent:
    """Return the event of a decision with a high risk. Its alert has all decisions of a model digest and an hour.

    `hour` is in UTC, such as `2026-11-21T05`. The event has no subject, no probability and no band, because these are
    health data.
    """
    labels = (*origin.labels, ("hour", hour), ("model", model_digest))
    return replace(
        _event(origin, "high_risk_prediction", "Decisions with a high risk", (("model", model_digest),)), labels=labels
    )


def _event(
    origin: EventOrigin,
    alert_type: AlertType,
    title: str,
    facts: tuple[tuple[str, str], ...],
    severity: Severity | None = None,
) -> AlertEvent:
    return AlertEvent(
        origin.tenant_id, origin.event_id, alert_type, severity or DEFAULT_SEVERITIES[alert_type], origin.source, title,
        origin.occurred_at, origin.is_cleared, origin.labels, facts, origin.link, origin.correlation_id,
    )  # fmt: skip
