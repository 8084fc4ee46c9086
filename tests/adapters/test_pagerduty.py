"""Notices become incidents at a strict fake of PagerDuty, which also takes the published example events."""

import hmac
import json
import random
from dataclasses import replace

import pytest

from tests.support.fakes.clock import Clock
from tests.support.vendors import faults
from tests.support.vendors.bench import FIRST_EPISODE
from tests.support.vendors.pagerduty import ROUTING_KEY, FakePagerDuty
from tests.support.vendors.requests import VendorRequest
from vigil.alerting.channels.model import Postponed, Refused, Sent

KEY = FIRST_EPISODE.dedup_key
JSON = {"content-type": "application/json"}


@pytest.fixture
def pagerduty(bench):
    return bench.vendors.pagerduty


def test_a_trigger_opens_an_incident_with_facts_and_links(bench, pagerduty):
    outcome = bench.send("pagerduty", links={"acknowledge": "https://vigil.example/l/1"})
    assert isinstance(outcome, Sent)
    assert (outcome.receipt.vendor_id, outcome.meter) == (KEY, "")
    (incident,) = pagerduty.incidents
    assert (incident.dedup_key, incident.severity, incident.status) == (KEY, "error", "triggered")
    assert incident.summary == FIRST_EPISODE.title
    assert incident.payload["custom_details"] | {"messages": "12"} == incident.payload["custom_details"]
    sent = json.loads(bench.vendors.requests[0][1].body)
    assert [link["text"] for link in sent["links"]] == ["details", "acknowledge"]


def test_a_rise_in_severity_changes_the_same_incident(bench, pagerduty):
    bench.send("pagerduty", severity="WARNING")
    bench.send("pagerduty", severity="CRITICAL")
    (incident,) = pagerduty.incidents
    assert (incident.severity, incident.log) == ("critical", ["trigger", "trigger"])


def test_acknowledge_and_resolve_end_the_incident(bench, pagerduty):
    for action in ("trigger", "acknowledge"):
        bench.send("pagerduty", action)
    assert pagerduty.open_incident(KEY).status == "acknowledged"
    bench.send("pagerduty", "resolve")
    assert pagerduty.open_incident(KEY) is None
    assert [incident.status for incident in pagerduty.incidents] == ["resolved"]


def test_a_repeated_trigger_opens_no_second_incident(bench, pagerduty):
    for _ in range(5):
        bench.send("pagerduty", last_receipt=None)
    assert len(pagerduty.incidents) == 1


def test_a_resolve_without_an_incident_is_dropped_by_the_vendor(bench, pagerduty):
    assert isinstance(bench.send("pagerduty", "resolve"), Sent)
    assert (pagerduty.incidents, len(pagerduty.dropped)) == ([], 1)


def test_news_of_a_deployment_is_a_change_and_no_incident(bench, pagerduty):
    deployment = replace(FIRST_EPISODE, type="deployment_status", title="Release 7 is deployed")
    for action in ("trigger", "acknowledge", "resolve"):
        assert isinstance(bench.send("pagerduty", action, severity="INFO", episode=deployment), Sent)
    assert [change["payload"]["summary"] for change in pagerduty.changes] == ["Release 7 is deployed"]
    assert pagerduty.incidents == []


def test_a_failed_deployment_is_an_incident(bench, pagerduty):
    deployment = replace(FIRST_EPISODE, type="deployment_status")
    bench.send("pagerduty", severity="ERROR", episode=deployment)
    assert (len(pagerduty.incidents), pagerduty.changes) == (1, [])


def test_a_digest_is_a_change_and_leaves_no_incident_open(bench, pagerduty):
    counts = {"work_stuck queue.a": 7, "error_detected api": 1_200}
    bench.send("pagerduty")
    bench.send("pagerduty", "digest", severity="INFO", episode=None, counts=counts)
    (digest,) = pagerduty.changes
    assert digest["payload"]["summary"] == "1207 notices were over the hourly limit"
    assert digest["payload"]["custom_details"] == {"error_detected api": "1200", "work_stuck queue.a": "7"}
    assert len(pagerduty.incidents) == 1


def test_60_long_facts_are_accepted_with_the_number_of_hidden_ones(bench, pagerduty):
    facts = tuple((f"fact {number}", "ü" * 5_000) for number in range(60))
    assert isinstance(bench.send("pagerduty", episode=replace(FIRST_EPISODE, facts=facts, title="t" * 9_999)), Sent)
    details = pagerduty.incidents[0].payload["custom_details"]
    shown = sum(name.startswith("fact ") for name in details)
    assert details["More"] == f"and {60 - shown} more"


def test_the_region_of_a_channel_selects_the_address(bench):
    bench.send("pagerduty", options={"region": "eu"})
    assert bench.vendors.requests[0][1].headers["host"] == "events.eu.pagerduty.com"


def test_an_unknown_key_is_refused_with_the_vendors_words(bench, pagerduty):
    pagerduty.keys.clear()
    outcome = bench.send("pagerduty")
    assert isinstance(outcome, Refused)
    assert outcome.reason == "PagerDuty answered 400. Event object is invalid: Invalid routing key"


@pytest.mark.parametrize("seed", range(20))
def test_faults_in_any_order_leave_no_incident_open(bench, pagerduty, seed):
    """P4 at the vendor: each notice is repeated until it is sent, in the order of the episode."""
    chance = random.Random(seed)
    for number in range(10):
        episode = replace(FIRST_EPISODE, number=number)
        for action in ("trigger", "trigger", "acknowledge", "resolve"):
            bench.vendors.script(
                "pagerduty", *[faults.status(503)] * chance.randrange(2), *[faults.reset] * chance.randrange(2)
            )
            while isinstance(bench.send("pagerduty", action, episode=episode, last_receipt=None), Postponed):
                pass
    assert {incident.status for incident in pagerduty.incidents} == {"resolved"}
    assert len(pagerduty.incidents) == 10


PUBLISHED = {
    "payload": {
        "summary": "Example alert on host1.example.com",
        "timestamp": "2015-07-17T08:42:58.315+0000",
        "source": "monitoringtool:cluster/api-stats-prod-003",
        "severity": "info",
        "component": "postgres",
        "group": "prod-datapipe",
        "class": "deploy",
        "custom_details": {"ping time": "1500ms", "load avg": 0.75},
    },
    "routing_key": ROUTING_KEY,
    "dedup_key": "samplekeyhere",
    "images": [{"src": "https://example.com/a.png", "href": "https://example.com/", "alt": "Example text"}],
    "links": [{"href": "https://example.com/", "text": "Link text"}],
    "event_action": "trigger",
    "client": "Sample Monitoring Service",
    "client_url": "https://monitoring.example.com",
}
"""The fields of the vendor's published example."""


def ask(fake, event, path="/v2/enqueue"):
    return fake.answer(VendorRequest("POST", path, JSON, json.dumps(event).encode()))


def test_the_fake_takes_the_published_examples():
    fake = FakePagerDuty()
    answer = ask(fake, PUBLISHED)
    assert json.loads(answer.body) == {
        "status": "success",
        "message": "Event processed",
        "dedup_key": "samplekeyhere",
    }
    for action in ("acknowledge", "resolve"):
        event = {"routing_key": ROUTING_KEY, "dedup_key": "samplekeyhere", "event_action": action}
        assert ask(fake, event).status == 202
    change = {name: PUBLISHED[name] for name in ("routing_key", "links")}
    payload = {name: PUBLISHED["payload"][name] for name in ("summary", "timestamp", "source", "custom_details")}
    assert ask(fake, change | {"payload": payload}, "/v2/change/enqueue").status == 202


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("severity", "fatal"),
        ("summary", ""),
        ("summary", "x" * 1025),
        ("source", None),
        ("timestamp", "yesterday"),
        ("custom_details", "text"),
        ("other", 1),
    ],
)
def test_the_fake_refuses_an_event_as_the_vendor_does(field, value):
    fake = FakePagerDuty()
    answer = ask(fake, PUBLISHED | {"payload": PUBLISHED["payload"] | {field: value}})
    assert (answer.status, json.loads(answer.body)["status"]) == (400, "invalid event")
    assert fake.incidents == []


def test_an_event_of_another_integration_is_dropped():
    fake = FakePagerDuty()
    fake.keys.add("o" * 32)
    ask(fake, PUBLISHED)
    ask(fake, {"routing_key": "o" * 32, "dedup_key": "samplekeyhere", "event_action": "resolve"})
    assert (fake.incidents[0].status, len(fake.dropped)) == ("triggered", 1)


def test_a_trigger_after_the_resolution_opens_a_new_incident():
    fake = FakePagerDuty()
    for event in (PUBLISHED, PUBLISHED | {"event_action": "resolve"}, PUBLISHED):
        ask(fake, event)
    assert [incident.status for incident in fake.incidents] == ["resolved", "triggered"]


def test_a_webhook_of_the_fake_is_signed_with_each_secret():
    body, headers = FakePagerDuty().webhook(KEY, "incident.acknowledged", ("one", "two"), Clock().now)
    assert headers["x-pagerduty-signature"].split(",") == [
        "v1=" + hmac.digest(secret, body, "sha256").hex() for secret in (b"one", b"two")
    ]
    event = json.loads(body)["event"]
    assert (event["event_type"], event["data"]["incident_key"]) == ("incident.acknowledged", KEY)
