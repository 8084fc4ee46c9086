"""Seven calls that make common events."""

import pytest

from vigil.alerting.alerts.model import DEFAULT_SEVERITIES
from vigil.alerting.episodes import common_events_model as calls

ORIGIN = calls.EventOrigin("acme", "event-1", "scoring.api", "2026-03-01T12:00:00.000000Z", (("region", "eu"),))
CALLS = {
    "high_error_rate": {"failed": 3, "total": 20},
    "high_latency": {"p99_ms": 812.4, "limit_ms": 500.0},
    "system_down": {"reason": "no-answer"},
    "deployment_status": {"release": "2026.11", "status": "ended"},
    "model_failure": {"model_digest": "sha256:0a", "reason": "golden-rows"},
    "security_breach": {"reason": "token-reused", "count": 2},
    "high_risk_prediction": {"model_digest": "sha256:0a", "hour": "2026-03-01T12"},
}


@pytest.mark.parametrize("name", CALLS)
def test_event_has_type_default_severity_and_origin(name):
    event = getattr(calls, name)(ORIGIN, **CALLS[name])
    assert (event.type, event.severity) == (name, DEFAULT_SEVERITIES[name])
    assert (event.tenant_id, event.event_id, event.source) == ("acme", "event-1", "scoring.api")
    assert set(ORIGIN.labels) <= set(event.labels)
    assert event.title
    assert event.facts


def test_error_rate_has_its_numbers():
    event = calls.high_error_rate(ORIGIN, failed=3, total=20)
    assert event.facts == (("failed", "3"), ("requests", "20"), ("share", "15.0%"))


def test_failed_deployment_is_an_error():
    event = calls.deployment_status(ORIGIN, release="2026.11", status="failed", is_failed=True)
    assert event.severity == "ERROR"


def test_high_risk_is_grouped_by_model_and_hour():
    first, second = (
        calls.high_risk_prediction(ORIGIN, model_digest="sha256:0a", hour=hour)
        for hour in ("2026-03-01T12", "2026-03-01T13")
    )
    assert first.fingerprint != second.fingerprint
    assert dict(first.labels) == {"region": "eu", "hour": "2026-03-01T12", "model": "sha256:0a"}
