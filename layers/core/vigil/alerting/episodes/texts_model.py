"""Descriptions of types and severities for people."""

from collections.abc import Mapping

from vigil.alerting.alerts.model import AlertType, Severity

TYPE_TEXTS: Mapping[AlertType, str] = {
    "system_down": "A system does not answer.",
    "high_error_rate": "Too many requests fail.",
    "high_latency": "Answers take too long.",
    "dependency_failure": "A vendor, a database or another dependency fails.",
    "work_stuck": "A queue, a schedule or failed work does not move on.",
    "error_detected": "A new error, or one that has come back.",
    "model_failure": "A model was refused or cannot decide.",
    "model_degraded": "A model drifts, is biased or abstains too often.",
    "high_risk_prediction": "Decisions with a high risk, per model and hour.",
    "security_breach": "A reused token, a forged signature or a refused access.",
    "deployment_status": "A deployment has begun, ended or failed.",
    "cost_threshold": "A budget or an expected spend was exceeded.",
}
"""Description of each type."""
SEVERITY_TEXTS: Mapping[Severity, str] = {
    "INFO": "For information. It ends by itself after a day without events.",
    "WARNING": "Look at it today.",
    "ERROR": "Something fails. Look at it now.",
    "CRITICAL": "People are affected. Its notices are never limited or inhibited.",
}
"""Description of each severity, in ascending order."""
