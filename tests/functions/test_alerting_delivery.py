"""Alerts from the intake to fake vendors, through the functions of deliveries and of the sweep as deployed."""

import json

import boto3
import pytest

from tests.functions.rights import ROOT, TRANSACTION, granted
from tests.support.fakes.alerts import event as alert_event
from tests.support.gateway import Context
from tests.support.notice_audit import DynamoStatistics, NoticeAudit
from tests.support.vendors import faults, server
from tests.support.vendors.pagerduty import ROUTING_KEY
from tests.support.vendors.receiver import SIGNING_SECRET
from vigil.bootstrap import alerting, channels, process
from vigil.kernel.time import format_timestamp

FED = {"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"}
GIVING_UP = {"sqs:SendMessage"}
MINUTE = json.loads((ROOT / "events" / "alerting_sweep.json").read_text())
SAMPLE = json.loads((ROOT / "events" / "alerting_delivery.json").read_text())
QUEUES = ("dead_letters", "alert_deliveries_queue", "alerts_queue", "usage_events_queue")


@pytest.fixture
def vendors(monkeypatch):
    with server.serving() as vendors:
        monkeypatch.setenv("VIGIL_OUTBOUND_ALLOW", f"127.0.0.1:{vendors.port}")
        yield vendors


@pytest.fixture
def queues(clock, vendors, published, monkeypatch):
    """Queues of the deliveries; returns a function that takes the bodies and attributes of waiting messages."""
    monkeypatch.setenv("AWS_ACCOUNT_ID_ENDPOINT_MODE", "disabled")
    sqs = boto3.client("sqs")
    urls = {name: sqs.create_queue(QueueName=name)["QueueUrl"] for name in QUEUES}
    for name, url in urls.items():
        monkeypatch.setenv(f"VIGIL_{name.upper()}", url)
    process.forget()

    def take(name):
        answer = sqs.receive_message(QueueUrl=urls[name], MessageAttributeNames=["All"], MaxNumberOfMessages=10)
        for each in (found := answer.get("Messages", [])):
            sqs.delete_message(QueueUrl=urls[name], ReceiptHandle=each["ReceiptHandle"])
        return found

    return take


@pytest.fixture
def deliver(queues):
    """Return a function that hands all waiting messages to the deployed function until none is left."""
    from functions.alerting_delivery.handler import lambda_handler

    def records():
        for each in queues("alert_deliveries_queue"):
            attributes = {
                name: {"dataType": "String", "stringValue": value["StringValue"]}
                for name, value in each["MessageAttributes"].items()
            }
            yield SAMPLE["Records"][0] | {"body": each["Body"], "messageAttributes": attributes}

    def run():
        while found := list(records()):
            assert lambda_handler({"Records": found}, Context(20_000)) == {"batchItemFailures": []}

    return run


@pytest.fixture
def sweep(queues):
    from functions.alerting_sweep.handler import lambda_handler

    return lambda: lambda_handler(MINUTE, Context(50_000))


def create_channel(kind, options, secrets, tenant="acme"):
    return channels.channels(alerting.alerting_configurations()).create(tenant, kind, "A channel", options, secrets)


def page(vendors):
    """Create a channel to the fake PagerDuty."""
    return create_channel("pagerduty", {"base_url": vendors.base_url("pagerduty")}, {"routing_key": ROUTING_KEY})


def hook(vendors):
    """Create a channel to the fake receiver of webhooks."""
    secrets = {"url": f"{vendors.base_url('receiver')}/hook", "signing_secret": SIGNING_SECRET}
    return create_channel("webhook", {}, secrets)


def fire(number=1, **more):
    """Accept an alert event of this moment and return its alert."""
    return alerting.alert_intake().accept(alert_event(number, format_timestamp(process.now()), **more)).alert_id


def imbalance(tenant="acme"):
    audit = NoticeAudit(DynamoStatistics(boto3.client("dynamodb"), "alerts"))
    return audit.audit(tenant, format_timestamp(process.now())[:13])


def states(alert_id, tenant="acme"):
    return [(each.action, each.state) for each in alerting.alerts().get(tenant, alert_id).notices]


def incidents(vendors):
    return [each.status for each in vendors.pagerduty.incidents]


def test_alert_becomes_an_incident_and_its_end_resolves_it(vendors, deliver):
    page(vendors)
    alert = fire(severity="CRITICAL")
    deliver()
    assert incidents(vendors) == ["triggered"]
    alerting.alerts().acknowledge("acme", alert, "key:1")
    deliver()
    assert incidents(vendors) == ["acknowledged"]
    fire(2, is_cleared=True)
    deliver()
    assert incidents(vendors) == ["resolved"]
    assert states(alert) == [("trigger", "sent"), ("acknowledge", "sent"), ("resolve", "sent")]
    assert imbalance() == []


def test_lost_message_is_sent_by_the_sweep(clock, vendors, queues, deliver, sweep):
    page(vendors)
    fire()
    assert len(queues("alert_deliveries_queue")) == 1
    assert sweep() == {}
    clock.advance(seconds=30)
    assert sweep() == {"notice": 1}
    deliver()
    assert incidents(vendors) == ["triggered"]


def test_unknown_channel_falls_over_to_the_operators(vendors, queues, deliver):
    channel = page(vendors)
    alert = fire(severity="CRITICAL")
    channels.channels(alerting.alerting_configurations()).delete("acme", channel.channel_id, None)
    deliver()
    assert states(alert)[0] == ("trigger", "failed")
    assert states(alert)[-1] == ("trigger", "sent")
    (raised,) = queues("alerts_queue")
    assert json.loads(raised["Body"])["tenant_id"] == "_operators"
    assert imbalance() == []


def test_sent_webhook_is_metered(vendors, queues, deliver):
    hook(vendors)
    fire()
    deliver()
    (usage,) = queues("usage_events_queue")
    event = json.loads(usage["Body"])
    assert (event["type"], event["data"]) == ("vigil.usage", {"webhooks": 1})
    assert imbalance() == []


def test_failing_vendor_postpones_without_a_dead_letter(clock, vendors, queues, deliver, sweep):
    page(vendors)
    vendors.script("pagerduty", *[faults.status(503)] * 3)
    alert = fire()
    deliver()
    assert states(alert) == [("trigger", "pending")]
    for _ in range(5):
        clock.advance(minutes=1)
        sweep()
        deliver()
    assert states(alert) == [("trigger", "sent")]
    assert (incidents(vendors), vendors.count("pagerduty")) == (["triggered"], 4)
    assert queues("dead_letters") == []
    assert imbalance() == []


def test_limited_notices_become_a_digest(clock, vendors, deliver, sweep):
    page(vendors)
    for number in range(9):
        fire(number, severity="INFO", type="high_latency", source=f"queue-{number}")
        clock.advance(minutes=1)
    deliver()
    clock.advance(minutes=51, seconds=30)
    for _ in range(2):
        sweep()
        deliver()
    alerts, (digest,) = vendors.pagerduty.incidents, vendors.pagerduty.changes
    assert len(alerts) == 6
    held = [value for name, value in digest["payload"]["custom_details"].items() if name.startswith("high_latency")]
    assert sum(map(int, held)) == 3, digest["payload"]
    assert imbalance() == []


def test_unreadable_message_becomes_a_dead_letter(queues):
    from functions.alerting_delivery.handler import lambda_handler

    record = SAMPLE["Records"][0] | {"body": "{}"}
    assert lambda_handler({"Records": [record]}, Context()) == {"batchItemFailures": []}
    (dead,) = queues("dead_letters")
    assert dead["MessageAttributes"]["reason"]["StringValue"] == "unreadable"


def test_sample_event_is_accepted(queues):
    from functions.alerting_delivery.handler import lambda_handler

    assert lambda_handler(SAMPLE, Context()) == {"batchItemFailures": []}


def test_the_role_of_deliveries_grants_its_calls_only(called, clock, vendors, queues, deliver, sweep):
    actions, _ = called
    page(vendors)
    hook(vendors)
    vendors.pagerduty.refused.add("Work is stuck")
    fire()
    process.forget()
    actions.clear()
    deliver()
    clock.advance(minutes=20)
    sweep()
    deliver()
    own = {action for action in actions if not action.startswith("sqs:Create")} - {TRANSACTION}
    assert own | FED | GIVING_UP | {"events:PutEvents", "dynamodb:UpdateItem"} == granted("AlertingDelivery")


def test_the_role_of_the_sweep_grants_its_calls_only(called, clock, queues, sweep):
    actions, _ = called
    fire()
    clock.advance(minutes=1)
    actions.clear()
    assert sweep() == {"notice": 1}
    assert actions == granted("AlertingSweep")
