"""Example requests and values of incidents in the OpenAPI document."""

from collections.abc import Mapping
from typing import Any

_INCIDENT, _OPERATOR = "inc-0123456789abcdef0123456789abcdef", "operator:0123456789abcdef"
_SCOPE = {"function": "scoring_api"}
_FACTS = {"live_version": "12", "version_before": "11"}
_TITLE = "The service does not answer"
INCIDENTS_REQUESTS: Mapping[str, Any] = {
    "incidents.create": {"type": "service_down", "scope": _SCOPE},
    "incidents.run_step": {},
    "incidents.confirm_step": {"attempt": 1},
    "incidents.sign_step": {"name": "Operations on call", "note": "All tenants have been told by e-mail."},
    "incidents.skip_step": {"note": "The function has one version only."},
    "incidents.escalate": {"note": "The database does not recover."},
    "incidents.resolve": {"cause": "A release without a library.", "follow_ups": ["Test the layer before a release."]},
}
"""Request bodies by operation id."""
INCIDENTS_VALUES: Mapping[str, Any] = {
    "IncidentView.id": _INCIDENT,
    "IncidentSummaryView.id": _INCIDENT,
    "IncidentReportView.incident_id": _INCIDENT,
    "IncidentView.title": _TITLE,
    "IncidentSummaryView.title": _TITLE,
    "IncidentReportView.title": _TITLE,
    "IncidentView.alert": "alr-0123456789abcdef01234567-1",
    "IncidentSummaryView.alert": "alr-0123456789abcdef01234567-1",
    "IncidentReportView.alert_id": "alr-0123456789abcdef01234567-1",
    "IncidentView.scope": _SCOPE,
    "IncidentSummaryView.scope": _SCOPE,
    "IncidentReportView.scope": _SCOPE,
    "opened_by": _OPERATOR,
    "IncidentView.cause": "A release without a library.",
    "IncidentReportView.cause": "A release without a library.",
    "IncidentView.follow_ups": ["Test the layer before a release."],
    "IncidentReportView.open_actions": ["Test the layer before a release."],
    "IncidentStepView.number": 3,
    "IncidentStepView.title": "Check the last deployment",
    "IncidentStepView.minutes": 3,
    "IncidentStepView.choices": ["last_deployment"],
    "IncidentStepView.uses": "last_deployment",
    "IncidentStepView.needs_second_person": False,
    "IncidentStepView.attempt": 1,
    "IncidentStepView.verdict": "faulty",
    "IncidentStepView.summary": "A version was deployed 12 minutes ago.",
    "IncidentStepView.facts": _FACTS,
    "IncidentStepView.effects": [],
    "IncidentStepView.by": _OPERATOR,
    "IncidentStepView.confirmed_by": "",
    "seconds_to_acknowledge": 95.0,
    "seconds_to_mitigate": 610.0,
    "seconds_to_resolve": 1260.0,
    "is_in_time": True,
    "StepReportView.number": 3,
    "StepReportView.title": "Check the last deployment",
    "StepReportView.minutes": 3,
    "StepReportView.seconds": 2.5,
    "StepReportView.by": [_OPERATOR, "worker"],
    "StepReportView.confirmed_by": "",
    "StepReportView.text": "A version was deployed 12 minutes ago.",
    "StepReportView.facts": _FACTS,
    "deployments": _FACTS,
    "error_groups": {},
    "decisions": {},
    "EntryView.number": 1,
    "EntryView.by": _OPERATOR,
    "EntryView.step": 0,
    "EntryView.text": "",
    "EntryView.facts": [["type", "service_down"]],
}
"""Values of the fields of answers, by field or by schema and field."""
