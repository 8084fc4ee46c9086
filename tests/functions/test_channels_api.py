"""The API of channels as deployed: over HTTP, on the alerts table, to fake vendors on loopback."""

import json

import boto3
import pytest

from tests.support.gateway import Context, event
from tests.support.vendors import faults, server
from tests.support.vendors.pagerduty import ROUTING_KEY
from tests.support.vendors.receiver import SIGNING_SECRET
from vigil.bootstrap import process

CHANNELS = "/v1/alerting/channels"
PAGERDUTY = {"kind": "pagerduty", "label": "On call", "secrets": {"routing_key": ROUTING_KEY}}
MAIL = {"kind": "email", "label": "Mail", "options": {"address": "oncall@clinic.example"}}


@pytest.fixture
def vendors(monkeypatch):
    with server.serving() as vendors:
        vendors.slack.is_limited = False
        monkeypatch.setenv("VIGIL_OUTBOUND_ALLOW", f"127.0.0.1:{vendors.port}")
        yield vendors


@pytest.fixture
def api(vendors, published, monkeypatch):
    monkeypatch.setenv("AWS_ACCOUNT_ID_ENDPOINT_MODE", "disabled")
    queue = boto3.client("sqs").create_queue(QueueName="usage-events")["QueueUrl"]
    monkeypatch.setenv("VIGIL_USAGE_EVENTS_QUEUE", queue)
    process.forget()
    from functions.alerting_api.handler import lambda_handler

    def call(method, path="", body=None, role="admin", **more):
        answer = lambda_handler(event(method, f"{CHANNELS}{path}", body=body, role=role, **more), Context())
        found = json.loads(answer["body"]) if answer["body"] else None
        headers = {name: values[0] for name, values in answer.get("multiValueHeaders", {}).items()}
        return answer["statusCode"], found, headers | answer.get("headers", {})

    call.queue = queue
    return call


def create(api, body=PAGERDUTY, **more):
    status, channel, _ = api("POST", "", body, **more)
    assert status == 201, channel
    return channel


def local(vendors, **more):
    return {**PAGERDUTY, "options": {"base_url": vendors.base_url("pagerduty")}, **more}


ENDPOINTS = (
    ("GET", "", None),
    ("POST", "", PAGERDUTY),
    ("GET", "/chn-1", None),
    ("PATCH", "/chn-1", {"label": "New"}),
    ("DELETE", "/chn-1", None),
    ("POST", "/chn-1/test", None),
)


def test_anonymous_is_refused(api):
    for method, path, body in ENDPOINTS:
        assert api(method, path, body, tenant=None)[0] == 401, path


def test_another_tenant_sees_no_channel(api):
    path = f"/{create(api)['id']}"
    for method, end, body in (
        ("GET", "", None),
        ("PATCH", "", {"label": "x"}),
        ("DELETE", "", None),
        ("POST", "/test", None),
    ):
        assert api(method, path + end, body, tenant="globex")[0] == 404
    assert api("GET", tenant="globex")[1] == {"items": []}
    assert api("GET", path)[0] == 200


def test_only_administrators_change_channels(api):
    path = f"/{create(api)['id']}"
    assert api("GET", path, role="viewer")[0] == 200
    for method, end, body in (("POST", "", PAGERDUTY), ("PATCH", path, {"label": "x"}), ("POST", f"{path}/test", None)):
        assert api(method, end, body, role="member")[0] == 403


def test_a_channel_shows_a_hint_and_never_its_secrets(api):
    channel = create(api)
    assert channel == {
        "id": channel["id"],
        "kind": "pagerduty",
        "label": "On call",
        "options": {"region": "us"},
        "hint": "kkkk",
        "broken": None,
        "warning": None,
    }
    shown = [api("GET", f"/{channel['id']}")[1], *api("GET")[1]["items"]]
    assert shown == [channel, channel]
    items = boto3.client("dynamodb").scan(TableName="alerts")["Items"]
    assert ROUTING_KEY not in str(items)


def test_an_operator_owns_the_channels_of_the_deployment(api):
    create(api, role="operator", tenant="ops")
    assert len(api("GET", role="operator", tenant="other")[1]["items"]) == 1
    assert api("GET")[1] == {"items": []}


def test_a_change_needs_the_current_version(api):
    status, channel, headers = api("POST", "", PAGERDUTY)
    etag = headers["etag"]
    path = f"/{channel['id']}"
    assert (status, headers["location"].endswith(f"{CHANNELS}{path}"), etag) == (201, True, '"1"')
    status, changed, headers = api("PATCH", path, {"label": "Night"}, headers={"If-Match": etag})
    assert (status, changed["label"], headers["etag"]) == (200, "Night", '"2"')
    assert api("PATCH", path, {"label": "Day"}, headers={"If-Match": etag})[0] == 412
    assert api("DELETE", path, headers={"If-Match": etag})[0] == 412
    assert api("DELETE", path, headers={"If-Match": '"2"'})[0] == 204
    assert api("GET", path)[0] == 404


def test_a_channel_of_a_policy_is_deleted_only_after_it(api):
    from functions.alerting_api.handler import lambda_handler

    channel = create(api)["id"]
    policy = {"name": "Operations", "steps": [{"targets": [f"channel:{channel}"]}]}
    policies = "/v1/alerting/policies"
    answer = lambda_handler(event("POST", policies, body=policy, role="admin"), Context())
    policy_id = json.loads(answer["body"])["id"]
    status, problem, _ = api("DELETE", f"/{channel}")
    assert (status, problem["detail"]) == (
        409,
        f"The channel is used by the policies {policy_id}. Remove it there first.",
    )
    lambda_handler(event("DELETE", f"{policies}/{policy_id}", role="admin"), Context())
    assert api("DELETE", f"/{channel}")[0] == 204


def test_a_broken_rule_names_the_field_and_no_value(api):
    body = {**PAGERDUTY, "secrets": {"routing_key": "canary"}, "options": {"region": "mars"}}
    status, problem, _ = api("POST", "", body)
    assert status == 422
    assert [(error["field"], error["message"]) for error in problem["errors"]] == [
        ("options.region", "must be us or eu"),
        ("secrets.routing_key", "must be 32 letters and digits"),
    ]
    assert "canary" not in json.dumps(problem)


def test_a_private_address_is_refused(api):
    secrets = {"url": "https://169.254.169.254/latest", "signing_secret": SIGNING_SECRET}
    status, problem, _ = api("POST", "", {"kind": "webhook", "label": "Hook", "secrets": secrets})
    assert (status, problem["errors"][0]["field"]) == (422, "secrets.url")


def test_a_repeated_request_creates_one_channel(api):
    first, second = (api("POST", "", PAGERDUTY, headers={"Idempotency-Key": "once"})[1] for _ in range(2))
    assert first == second
    assert len(api("GET")[1]["items"]) == 1


def test_a_test_notice_reaches_the_vendor_and_leaves_nothing_open(api, vendors):
    channel = create(api, local(vendors))
    status, result, _ = api("POST", f"/{channel['id']}/test")
    assert (status, result["outcome"]) == (200, "sent")
    (incident,) = vendors.pagerduty.incidents
    assert (incident.status, incident.severity, incident.log) == ("resolved", "info", ["trigger", "resolve"])


def test_a_refused_test_shows_the_words_of_the_vendor_without_secrets(api, vendors):
    channel = create(api, local(vendors))
    vendors.script("pagerduty", faults.status(403, f"the key {ROUTING_KEY} is revoked"))
    result = api("POST", f"/{channel['id']}/test")[1]
    reason = "PagerDuty answered 403. the key *** is revoked"
    assert result == {"outcome": "refused", "answer": reason, "retry_after_seconds": None}
    assert api("GET", f"/{channel['id']}")[1]["broken"] == reason
    changed = api("PATCH", f"/{channel['id']}", {"secrets": {"routing_key": ROUTING_KEY}})[1]
    assert changed["broken"] is None


def test_a_throttled_test_shows_the_pause(api, vendors):
    channel = create(api, local(vendors))
    vendors.script("pagerduty", faults.status(429, "", Retry_After="7"))
    result = api("POST", f"/{channel['id']}/test")[1]
    assert (result["outcome"], result["retry_after_seconds"]) == ("postponed", 7)


def test_a_signed_webhook_is_verified_by_its_receiver_and_metered(api, vendors):
    secrets = {"url": f"{vendors.base_url('receiver')}/hook", "signing_secret": SIGNING_SECRET}
    channel = create(api, {"kind": "webhook", "label": "Hook", "secrets": secrets})
    assert channel["hint"] == "hook"
    assert api("POST", f"/{channel['id']}/test")[1]["outcome"] == "sent"
    (received,) = vendors.receiver.received.values()
    assert received["type"] == "alerts.raised"
    (message,) = boto3.client("sqs").receive_message(QueueUrl=api.queue)["Messages"]
    assert json.loads(message["Body"])["data"] == {"webhooks": 1}


def test_a_mail_channel_without_a_sender_address_is_refused(api):
    result = api("POST", f"/{create(api, MAIL)['id']}/test")[1]
    assert result["outcome"] == "refused"
    assert result["answer"] == "The deployment has no sender address for mails."


def test_no_log_line_has_a_secret(api, vendors, caplog):
    """B9: canaries of a channel occur in no line of the function."""
    channel = create(api, local(vendors))
    vendors.script("pagerduty", faults.status(400, ROUTING_KEY), faults.reset, faults.status(503, ROUTING_KEY))
    for _ in range(4):
        api("POST", f"/{channel['id']}/test")
    api("PATCH", f"/{channel['id']}", {"secrets": {"routing_key": "R" * 31}})
    lines = "".join(str(vars(record)) for record in caplog.records)
    assert f"{CHANNELS}/{{channel_id}}/test" in lines
    assert ROUTING_KEY not in lines
    assert "R" * 31 not in lines
