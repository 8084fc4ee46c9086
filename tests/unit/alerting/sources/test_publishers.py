"""The events that Vigil really publishes become alerts, so that publishers and alerts cannot drift apart."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from typing import get_args

import pytest

from tests.support.fakes.dead_letters import letter
from tests.support.monitored_worlds import FINDING
from vigil.access.tokens.oauth_model import Session, reused_event
from vigil.alerting.events.model import NewDecision
from vigil.alerting.sources.bus_model import FINDINGS, bus_event
from vigil.alerting.webhooks.model import Webhook
from vigil.decisions.batches.ending import completed_event
from vigil.decisions.batches.model import Batch
from vigil.kernel.events import EventKind
from vigil.kernel.time import format_timestamp
from vigil.money.budgets.model import BudgetAlert
from vigil.money.forecasting.model import Anomaly
from vigil.monitoring.findings.alerts_model import to_event as finding_event
from vigil.monitoring.findings.model import FindingKind
from vigil.monitoring.findings.records_model import FindingDecision, FindingRecord
from vigil.operations.dead_letters.model import DeadLetterJob, RetryRules
from vigil.operations.failures.groups_model import FailureGroup, Finding
from vigil.operations.failures.model import Occurrence, Sighting, Signature
from vigil.operations.incidents.model import open_incident
from vigil.operations.incidents.steps_model import Scope
from vigil.operations.objectives.burns_model import BurnState, CollectedSums
from vigil.operations.objectives.model import Sums
from vigil.operations.objectives.timeline_model import Timeline, minute_of
from vigil.outbound.breakers.model import Circuit, CircuitId, Transition

NOW = datetime(2026, 11, 21, 5, tzinfo=UTC)
AT = format_timestamp(NOW)
FAILED = Sighting(Signature("timeout", function="f"), "b-1", "s", (Occurrence(AT, "f", 5),))


def published():
    """Return one published event of each kind that raises an alert."""
    job = DeadLetterJob.create("batch-chunks", letter(refusal="gone"), RetryRules(), NOW, Random(1))
    circuit = Circuit(CircuitId("webhook:w-1", "acme"), epoch=3)
    batch = Batch("acme", "bat_1", "toy", "csv", "failed", AT, "corr-1", "f", 0)
    decision = NewDecision("acme", "dec_1", "corr-1", AT, "s", "sha256:00112233445566", "high", "refer", True)
    webhook = Webhook("acme", "w-1", "https://x.example", (), "", False, (), AT, failing_since=AT, disabled_at=AT)
    opened = open_incident("service_down", Scope("inc-1"), "operator:k", NOW).incident
    incident = replace(
        opened, unpublished=("incidents.resolved", "incidents.escalated"), escalated_at=AT, resolved_at=AT
    )
    return [
        *job.parked_events(),
        *decision.events(),
        Anomaly("total", 1, "2026-11-21T05", "2026-11-21T05", 1, 5, 1, 2, AT).to_event("acme"),
        BudgetAlert("total", "month", "2026-11", 80, 10, 8, AT, AT).to_event("acme"),
        Transition("closed", 4, NOW, 0, 0, NOW).to_event(circuit.id),
        Transition("opened", 3, NOW, 5, 9, NOW).to_event(circuit.id),
        completed_event(batch, "failed", AT),
        reused_event(Session("s-1", "acme", "k-1", "d", 1, 2), NOW),
        webhook.disabled_event(),
        *FailureGroup.begin(FAILED).events(),
        *replace(FailureGroup.begin(FAILED), unpublished=(Finding("regressed", 2, AT, "f", 6),)).events(),
        *objective_events(),
        *incident.events(),
        *finding_events(),
    ]


def finding_events():
    """Return the events of an open finding and of its decision."""
    record = FindingRecord("fnd-0123456789abcdef0123456789abcdef", "toy", FINDING)
    decided = record.decide("acknowledged", FindingDecision("admin:k", "Longer supplies are intended.", AT))
    return [finding_event("acme", record), finding_event("acme", decided)]


def objective_events():
    """Return the events of an objective that is missed and then met."""
    end = minute_of(NOW) - 600
    failed = CollectedSums(end, {"events": Timeline().with_points({end - 1: Sums(1_000, 500)})})
    later = CollectedSums(end + 600, {"events": failed.timelines["events"].with_points({})})
    missed = BurnState().evaluate(failed, {("events", "fast")})
    return missed.evaluate(later, {("events", "fast")}).untold


EVENTS = {f"{event.kind}-{number}": event for number, event in enumerate(published()) if event.kind in FINDINGS}


@pytest.mark.parametrize("name", EVENTS)
def test_a_published_event_becomes_an_alert(name):
    event, detail = EVENTS[name], json.loads(EVENTS[name].detail)
    alert = bus_event({"detail-type": event.kind, "detail": detail})
    assert (alert.event_id, alert.tenant_id, alert.occurred_at) == (
        event.event_id,
        detail["tenant_id"],
        event.occurred_at,
    )
    assert alert.title
    assert len(alert.facts) <= 20


def test_a_decision_clears_the_alert_of_its_finding():
    opened, decided = (bus_event({"detail-type": e.kind, "detail": json.loads(e.detail)}) for e in finding_events())
    assert opened.fingerprint == decided.fingerprint
    assert (opened.is_cleared, decided.is_cleared) == (False, True)
    assert ("show", "GET /v1/models/toy/health") in opened.facts


@pytest.mark.parametrize("kind", get_args(FindingKind))
def test_every_kind_of_findings_has_an_alert(kind):
    event = finding_event("acme", FindingRecord("fnd-1", "toy", replace(FINDING, kind=kind)))
    alert = bus_event({"detail-type": event.kind, "detail": json.loads(event.detail)})
    is_failure = kind in {"domain", "release"}
    assert (alert.type, alert.severity) == (("model_failure", "ERROR") if is_failure else ("model_degraded", "WARNING"))


def test_every_kind_that_raises_an_alert_is_published():
    assert FINDINGS.keys() == {event.kind for event in EVENTS.values()}
    assert FINDINGS.keys() <= {*get_args(EventKind)}
