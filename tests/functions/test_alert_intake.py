"""Alarms and events from the queue become alerts of the operators and of tenants, once each."""

import json
from contextlib import suppress

import boto3
import pytest

from tests.functions.rights import ROOT, TRANSACTION, granted
from tests.support.alert_sources import alarm_document, bus_document
from tests.support.dead_letter_queues import create_queues
from tests.support.gateway import Context
from tests.support.monitored_worlds import FINDING, MonitoredWorld
from vigil.alerting.episodes.listing_model import AlertFilter
from vigil.alerting.sources.model import from_json
from vigil.alerting.sources.stream import read_message
from vigil.bootstrap import access, alerting, process
from vigil.errors import Conflict
from vigil.kernel.tenants import OPERATORS
from vigil.monitoring.findings.alerts_service import PublishedFindingAlerts
from vigil.monitoring.findings.records_model import FindingDecision
from vigil.workers.queues import SqsQueue

ALARM = "vigil-work-parked"
DOWN = "vigil-service-down"
FED = {"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"}


@pytest.fixture
def intake(clock, published, monkeypatch):
    """Return a function that hands documents to the deployed function and returns its answer."""
    from functions.alerting_intake.handler import lambda_handler

    monkeypatch.setenv("AWS_ACCOUNT_ID_ENDPOINT_MODE", "disabled")
    for name in ("dead_letters", "alert_deliveries_queue"):
        url = boto3.client("sqs").create_queue(QueueName=name)["QueueUrl"]
        monkeypatch.setenv(f"VIGIL_{name.upper()}", url)
    process.forget()
    for tenant_id in ("acme", "demo-clinic"):
        with suppress(Conflict):
            access.tenants().create(tenant_id, "BASIC")
    sample = json.loads((ROOT / "events" / "alerting_intake.json").read_text())

    def deliver(*documents):
        records = [sample["Records"][0] | {"body": json.dumps(document)} for document in documents]
        return lambda_handler({"Records": records} if documents else sample, Context())

    return deliver


def found(tenant_id, *, is_open=True):
    """Return type, source, severity and count of the alerts of a tenant."""
    page = alerting.alerts().page(tenant_id, AlertFilter(is_open=is_open), None, 50)
    return [(each.type, each.source, each.severity, each.count) for each in page.episodes]


def dead_letters():
    """Return the reasons of the messages that were given up."""
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName="dead_letters")["QueueUrl"]
    answer = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"], MaxNumberOfMessages=10)
    return [each["MessageAttributes"]["reason"]["StringValue"] for each in answer.get("Messages", [])]


def test_the_sample_of_an_alarm_and_an_event_opens_two_alerts(intake):
    assert intake() == {"batchItemFailures": []}
    assert found(OPERATORS) == [("high_error_rate", "api", "CRITICAL", 1)]
    assert found("demo-clinic") == [("cost_threshold", "budgets", "WARNING", 1)]


def test_a_notice_without_a_receiver_is_counted_in_the_log(intake, caplog):
    intake(alarm_document(ALARM), alarm_document("vigil-server-errors"))
    assert sum(getattr(record, "NoticesUnroutable", 0) for record in caplog.records) == 2


def test_a_repeated_delivery_is_counted_once(intake):
    for _ in range(3):
        intake(alarm_document(ALARM))
    assert found(OPERATORS) == [("work_stuck", "dead-letters", "ERROR", 1)]


def test_an_alarm_that_is_ok_again_ends_its_alert(intake):
    intake(alarm_document("vigil-server-errors"))
    intake(alarm_document("vigil-server-errors", "OK", "2026-11-21T05:09:00.000+0000"))
    assert found(OPERATORS) == []
    assert found(OPERATORS, is_open=False) == [("high_error_rate", "api", "CRITICAL", 1)]


def test_parked_work_alerts_its_tenant_and_the_operators(intake):
    intake(*(bus_document("dead_letters.parked", tenant_id=each, event_id=each) for each in ("acme", OPERATORS)))
    assert found("acme") == [("work_stuck", "queue.batch-chunks", "ERROR", 1)]
    assert found(OPERATORS) == [("work_stuck", "dead-letters", "ERROR", 1)]


def test_an_unreadable_message_becomes_a_dead_letter(intake):
    assert intake({"some": "thing"}, bus_document("scoring.invented")) == {"batchItemFailures": []}
    assert dead_letters() == ["unreadable", "unreadable"]


def test_a_dead_letter_of_an_alarm_is_sent_again_and_read(intake, monkeypatch):
    from functions.dead_letters_redrive.handler import lambda_handler as redrive

    urls = create_queues(monkeypatch)
    monkeypatch.setenv("VIGIL_BACKOFF_BASE_SECONDS", "0")
    process.forget()
    sqs = boto3.client("sqs")
    sqs.send_message(QueueUrl=urls["alerts-dead"], MessageBody=json.dumps(alarm_document(ALARM)))
    redrive({"id": "m"}, Context(50_000))
    (sent,) = SqsQueue(sqs, urls["alerts"]).receive(30)
    message = read_message(sent)
    assert (message.attempts, from_json(message.body).source) == (1, "dead-letters")


def test_the_role_of_the_intake_grants_its_calls_only(called, intake):
    actions, _ = called
    actions.clear()
    # An alarm opens an alert; its repetition writes nothing; a rate asks for an inhibiting alert of its source.
    documents = [alarm_document(ALARM), alarm_document(ALARM), alarm_document("vigil-slow-answers"), {}]
    assert intake(*documents) == {"batchItemFailures": []}
    assert intake(bus_document("circuits.opened"), bus_document("circuits.closed")) == {"batchItemFailures": []}
    # The end of an outage deletes the record that its system is down.
    assert intake(*(alarm_document(DOWN, state) for state in ("ALARM", "OK"))) == {"batchItemFailures": []}
    assert actions - {TRANSACTION} | FED == granted("AlertingIntake")


def test_a_finding_of_a_model_is_one_alert_until_a_decision(intake):
    findings, alerts = MonitoredWorld().findings, []
    published = PublishedFindingAlerts(findings, lambda event: alerts.append(detail_of(event)))
    findings.add("acme", "toy", FINDING)
    record = next(findings.findings("acme", "toy"))
    for _ in range(3):
        published.publish("acme", record)  # a sweep that dies before the mark publishes the event again
    intake(*alerts)
    expected = ("model_degraded", f"finding.{record.finding_id}", "WARNING", 1)
    assert found("acme") == [expected]
    (episode,) = alerting.alerts().page("acme", AlertFilter(is_open=True), None, 50).episodes
    facts = dict(episode.facts)
    assert facts["next_step"].startswith("Watch the model.")
    assert facts["show"] == "GET /v1/models/toy/health"
    assert not [word for word in ("visits", "0.41", "5210") if word in f"{episode.title} {facts}"]
    decision = FindingDecision("admin:k-1", "Longer supplies are intended.", "2026-12-02T08:00:00.000000Z")
    published.publish("acme", record.decide("acknowledged", decision))
    intake(*alerts)
    assert (found("acme"), found("acme", is_open=False)) == ([], [expected])


def detail_of(event):
    """Return an event as EventBridge sends it."""
    return {"detail-type": event.kind, "detail": json.loads(event.detail)}
