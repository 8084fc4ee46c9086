"""Events of the bus and of deployments as alerts."""

import pytest

from tests.support.alert_sources import AT, DETAILS, bus_document, stack_document
from vigil.alerting.sources.bus_model import FINDINGS, bus_event
from vigil.errors import UnreadableMessage
from vigil.kernel.tenants import OPERATORS

EXPECTED = {
    "batches.completed": ("work_stuck", "ERROR", "batches"),
    "budgets.threshold_reached": ("cost_threshold", "WARNING", "budgets"),
    "circuits.closed": ("dependency_failure", "ERROR", "circuit.slack"),
    "circuits.opened": ("dependency_failure", "ERROR", "circuit.slack"),
    "dead_letters.parked": ("work_stuck", "ERROR", "queue.batch-chunks"),
    "failures.found": ("error_detected", "WARNING", "failure.0123456789abcdef01234567"),
    "failures.regressed": ("error_detected", "WARNING", "failure.0123456789abcdef01234567"),
    "objectives.met": ("high_error_rate", "CRITICAL", "objective.availability"),
    "objectives.missed": ("high_error_rate", "CRITICAL", "objective.availability"),
    "incidents.escalated": ("system_down", "CRITICAL", "incident.inc-1"),
    "incidents.resolved": ("system_down", "CRITICAL", "incident.inc-1"),
    "findings.decided": ("model_degraded", "WARNING", "finding.fnd-0123456789abcdef0123456789abcdef"),
    "findings.opened": ("model_degraded", "WARNING", "finding.fnd-0123456789abcdef0123456789abcdef"),
    "scoring.high_risk_found": ("high_risk_prediction", "INFO", "scoring"),
    "spend.anomaly_found": ("cost_threshold", "WARNING", "spend"),
    "tokens.reused": ("security_breach", "ERROR", "tokens"),
    "webhooks.endpoint_disabled": ("dependency_failure", "WARNING", "webhook.w-1"),
}
ENDS = {"circuits.closed", "findings.decided", "incidents.resolved", "objectives.met"}


def alert(kind, **changes):
    """Return the alert event of a bus event with these changes."""
    return bus_event(bus_document(kind, **changes))


@pytest.mark.parametrize("kind", DETAILS)
def test_a_kind_has_its_type_severity_and_source(kind):
    event = alert(kind)
    assert (event.type, event.severity, event.source) == EXPECTED[kind]
    assert (event.tenant_id, event.event_id, event.occurred_at) == ("acme", "e-1", AT)
    assert event.is_cleared == (kind in ENDS)


def test_every_kind_with_an_alert_is_tested():
    assert EXPECTED.keys() == DETAILS.keys() == FINDINGS.keys()


def test_high_risk_of_a_model_and_an_hour_is_one_alert():
    first, same = (alert("scoring.high_risk_found", event_id=each) for each in ("a", "b"))
    later = alert("scoring.high_risk_found", occurred_at="2026-11-21T06:00:00.000000Z")
    other = alert("scoring.high_risk_found", model_digest="sha256:fedcba9876543210")
    assert first.fingerprint == same.fingerprint
    assert len({event.fingerprint for event in (first, later, other)}) == 3


def test_a_high_risk_alert_names_no_person_band_or_model():
    text = str(alert("scoring.high_risk_found", subject="jane-roe", band="very-high", decision="refer", model="hiv"))
    assert not [word for word in ("jane", "very-high", "refer", "hiv", "dec_1") if word in text]


def test_a_used_up_budget_raises_the_severity_of_its_alert():
    warned, spent = alert("budgets.threshold_reached"), alert("budgets.threshold_reached", threshold=100)
    assert (warned.severity, spent.severity) == ("WARNING", "ERROR")
    assert warned.fingerprint == spent.fingerprint
    assert ("spent_usd", "12.34") in spent.facts


def test_a_closed_circuit_clears_the_alert_of_the_opened_one():
    assert alert("circuits.opened").fingerprint == alert("circuits.closed").fingerprint


def test_the_end_of_an_incident_clears_the_alert_of_its_escalation():
    assert alert("incidents.escalated").fingerprint == alert("incidents.resolved").fingerprint
    assert alert("incidents.escalated", incident_id="inc-2").source == "incident.inc-2"
    with pytest.raises(UnreadableMessage):
        alert("incidents.escalated", alert_type="a-later-type")


def test_parked_work_of_the_operators_joins_the_alert_of_the_alarm():
    assert alert("dead_letters.parked", tenant_id=OPERATORS).source == "dead-letters"


@pytest.mark.parametrize("state", ["completed", "completed_with_errors", "cancelled"])
def test_only_a_failed_batch_raises_an_alert(state):
    assert alert("batches.completed", state=state) is None


@pytest.mark.parametrize(
    ("status", "severity"),
    [
        ("CREATE_COMPLETE", "INFO"),
        ("UPDATE_COMPLETE", "INFO"),
        ("UPDATE_ROLLBACK_COMPLETE", "ERROR"),
        ("ROLLBACK_FAILED", "ERROR"),
        ("CREATE_FAILED", "ERROR"),
    ],
)
def test_an_ended_deployment_raises_an_alert(status, severity):
    event = bus_event(stack_document(status))
    assert (event.type, event.severity, event.tenant_id) == ("deployment_status", severity, OPERATORS)


def test_a_running_deployment_raises_no_alert():
    assert bus_event(stack_document("UPDATE_IN_PROGRESS")) is None


def test_a_frequent_failure_raises_the_severity_of_its_alert():
    found, frequent = alert("failures.found"), alert("failures.found", is_frequent=True)
    assert (found.severity, frequent.severity) == ("WARNING", "ERROR")
    assert found.fingerprint == frequent.fingerprint


def test_each_regression_of_a_failure_is_an_alert_of_its_own():
    generations = [alert("failures.regressed", generation=number) for number in (2, 3)]
    assert len({event.fingerprint for event in (alert("failures.found"), *generations)}) == 3
    assert ("show", "GET /v1/failures/0123456789abcdef01234567") in generations[0].facts
