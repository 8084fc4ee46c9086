"""The runbook of each alert. One table decides by the type and the source of the alert."""

from dataclasses import dataclass

from vigil.operations.incidents.runbooks_model import IncidentType


@dataclass(frozen=True, slots=True)
class AlertRule:
    """Runbook of the alerts of a type whose source begins with a text. `incident` is None if no runbook applies."""

    type: str
    source: str
    incident: IncidentType | None


ALERT_RULES = (
    AlertRule("dependency_failure", "circuit", "high_error_rate"),
    AlertRule("dependency_failure", "webhook.", None),
    AlertRule("dependency_failure", "", "database_issue"),
    AlertRule("error_detected", "function.batches-chunk", "model_failure"),
    AlertRule("error_detected", "function.scoring-api.memory", "model_failure"),
    AlertRule("high_error_rate", "", "high_error_rate"),
    AlertRule("high_latency", "batches", None),
    AlertRule("high_latency", "", "high_error_rate"),
    AlertRule("high_risk_prediction", "scoring.surge", "model_failure"),
    AlertRule("model_failure", "", "model_failure"),
    AlertRule("security_breach", "", "security_breach"),
    AlertRule("system_down", "", "service_down"),
)
"""Rules in order. The first one that fits an alert decides. An alert without a rule has no runbook."""


def incident_type_of(alert_type: str, source: str) -> IncidentType | None:
    """Return the type of the incident that an alert opens, or None if no runbook applies."""
    fitting = (rule for rule in ALERT_RULES if rule.type == alert_type and source.startswith(rule.source))
    found = next(fitting, None)
    return found.incident if found else None
