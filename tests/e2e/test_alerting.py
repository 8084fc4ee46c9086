"""Alerts on the embedded stack: from decisions, alarms and people to strict fake vendors, and back."""

import time
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count

import httpx
import pytest

from cli.pager import load_port
from models import recipe
from tests.e2e.clients import HOME
from tests.support.vendors import pagerduty
from tests.support.vendors.server import serving

CACHE_SECONDS = 6
"""Time after which every process knows a new channel."""
PATIENCE_SECONDS = 60
NUMBERS = count(1)
WEBHOOK_SECRET = "secret-of-the-webhook-extension"


@pytest.fixture(scope="module")
def vendors(stack):
    """Fake vendors on the one loopback port that the stack may reach."""
    with serving(port=load_port(HOME)) as running:
        yield running


@pytest.fixture(scope="module")
def pager(vendors, tenants):
    """A channel of the first tenant at the fake PagerDuty."""
    with channel(vendors, tenants[0]) as created:
        yield created


@contextmanager
def channel(vendors, client):
    body = {
        "kind": "pagerduty",
        "label": "Pager",
        "options": {"base_url": vendors.base_url("pagerduty")},
        "secrets": {"routing_key": pagerduty.ROUTING_KEY, "webhook_secret": WEBHOOK_SECRET},
    }
    created = client.post("/v1/alerting/channels", json=body)
    assert created.status_code == 201, created.text
    yield created.json()
    assert client.delete(f"/v1/alerting/channels/{created.json()['id']}").is_success


def wait_for(find):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := find()):
        assert time.monotonic() < deadline, "nothing was found in time"
        time.sleep(0.2)
    return found


def incident(vendors, alert_id, status):
    key = f"-{alert_id.removeprefix('alr-')}"
    return wait_for(
        lambda: next((i for i in vendors.pagerduty.incidents if i.dedup_key.endswith(key) and i.status == status), None)
    )


def send(client, **fields):
    body = {"type": "work_stuck", "source": f"e2e.{next(NUMBERS)}", "title": "Exports wait"} | fields
    answer = client.post("/v1/alerting/send", json=body)
    assert answer.status_code == 202, answer.text
    return answer.json()["alert_id"]


def test_a_sent_alert_becomes_one_incident_and_its_end_resolves_it(vendors, pager, tenants):
    alert_id = send(tenants[0], facts={"waiting": "12", "called": "555-123-4567"})
    found = incident(vendors, alert_id, "triggered")
    assert "555-123-4567" not in str(found)
    assert tenants[0].post(f"/v1/alerts/{alert_id}/resolve").json()["state"] == "resolved"
    assert incident(vendors, alert_id, "resolved").log == ["trigger", "resolve"]
    notices = tenants[0].get(f"/v1/alerts/{alert_id}").json()["notices"]
    assert [(each["action"], each["state"]) for each in notices] == [("trigger", "sent"), ("resolve", "sent")]


def test_the_links_of_a_notice_lead_to_the_embedded_stack(stack, vendors, pager, tenants):
    alert_id = send(tenants[0])
    links = incident(vendors, alert_id, "triggered").links
    assert all(link.startswith(f"{stack.api_url}/v1/alerting/links/") for link in links.values())
    assert httpx.get(links["acknowledge"], timeout=60, trust_env=False).status_code == 200
    assert httpx.post(links["resolve"], timeout=60, trust_env=False).status_code == 200
    assert incident(vendors, alert_id, "resolved")


def test_an_acknowledgement_at_the_vendor_stops_the_alert_without_echo(stack, vendors, pager, tenants):
    alert_id = send(tenants[0])
    found = incident(vendors, alert_id, "triggered")
    url = f"{stack.api_url}/v1/alerting/inbound/pagerduty/{stack.tenants[0].tenant_id}.{pager['id']}"
    acknowledged = ("incident.acknowledged", (WEBHOOK_SECRET,), datetime.now(UTC))
    body, headers = vendors.pagerduty.webhook(found.dedup_key, *acknowledged)
    forged = {**headers, "x-pagerduty-signature": f"v1={'0' * 64}"}
    assert httpx.post(url, content=body, headers=forged, trust_env=False).status_code == 401
    assert httpx.post(url, content=body, headers=headers, trust_env=False).status_code == 202
    wait_for(lambda: tenants[0].get(f"/v1/alerts/{alert_id}").json()["state"] == "acknowledged")
    tenants[0].post(f"/v1/alerts/{alert_id}/resolve")
    assert incident(vendors, alert_id, "resolved").log == ["trigger", "resolve"]


def test_another_tenant_neither_sees_nor_ends_an_alert(vendors, pager, tenants):
    alert_id = send(tenants[0])
    assert tenants[1].get(f"/v1/alerts/{alert_id}").status_code == 404
    assert tenants[1].post(f"/v1/alerts/{alert_id}/resolve").status_code == 404
    assert tenants[0].post(f"/v1/alerts/{alert_id}/resolve").status_code == 200


def test_an_alarm_pages_the_operators_and_its_end_resolves_the_page(stack, aws, vendors, operator):
    # Its queue has no metrics on the embedded stack, so that only this test changes the state of this alarm.
    alarms = aws("cloudwatch").describe_alarms()["MetricAlarms"]
    (name,) = [each["AlarmName"] for each in alarms if each["AlarmName"].endswith("-usage-not-counted")]
    change = lambda state: aws("cloudwatch").set_alarm_state(AlarmName=name, StateValue=state, StateReason="a test")  # noqa: E731
    with channel(vendors, operator):
        time.sleep(CACHE_SECONDS)
        change("ALARM")
        firing = lambda: operator.get("/v1/alerts", params={"type": "work_stuck", "state": "firing"}).json()["items"]  # noqa: E731
        (alert,) = wait_for(lambda: [each for each in firing() if each["source"] == "queue.usage-counters-dead"])
        assert incident(vendors, alert["id"], "triggered").severity == "error"
        change("OK")
        assert incident(vendors, alert["id"], "resolved").log == ["trigger", "resolve"]
    assert operator.get(f"/v1/alerts/{alert['id']}").json()["count"] == 1


def test_a_subscriber_receives_the_events_of_its_tenant_only(vendors, tenants):
    body = {"url": vendors.base_url("receiver"), "kinds": ["scoring.decision_made"], "label": "e2e"}
    created = tenants[0].post("/v1/webhooks", json=body)
    assert created.status_code == 201, created.text
    vendors.receiver.secret = created.json()["secret"]
    (sample,) = recipe.load_recipe("wdbc").samples(1, 1)
    scored = {"model": "wdbc", "subject_id": "subscribed", "features": sample["features"]}
    other, own = (client.post("/v1/scores", json=scored).json()["decision_id"] for client in reversed(tenants))
    received = wait_for(lambda: [text for body in vendors.receiver.received.values() if own in (text := str(body))])
    assert len(received) == 1
    assert "subscribed" not in str(vendors.receiver.received)
    assert other not in str(vendors.receiver.received)
    assert tenants[0].delete(f"/v1/webhooks/{created.json()['webhook_id']}").is_success


def test_hours_add_up(vendors, pager, tenants):
    alert_id = send(tenants[0], severity="CRITICAL")
    incident(vendors, alert_id, "triggered")
    tenants[0].post(f"/v1/alerts/{alert_id}/resolve")
    incident(vendors, alert_id, "resolved")
    final = ("sent", "failed", "limited", "silenced", "inhibited", "superseded", "unroutable")

    def quiet():
        hours = tenants[0].get("/v1/alerting/stats").json()["items"]
        return hours if not any(hour["open"] for hour in hours) else None

    for hour in wait_for(quiet):
        assert hour["raised"] == hour["opened"] + hour["grouped"]
        assert hour["intents"] == sum(hour[name] for name in final)
