"""Reports of vendors and signed links as deployed: an alert that a person takes outside is taken, once."""

from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

import boto3
import pytest

from tests.functions.rights import TRANSACTION, granted
from tests.support.fakes.inbound import pagerduty_body, pagerduty_headers, slack_body, slack_headers
from tests.support.gateway import Context, event
from vigil.alerting.alerts.model import AlertEvent
from vigil.alerting.channels.model import Channel
from vigil.alerting.channels.sealing import Sealing
from vigil.alerting.channels.store import DynamoChannels
from vigil.bootstrap import alerting, inbound, process
from vigil.kernel.time import format_timestamp

SECRETS = {"pagerduty": "canaryPagerDutySecret", "slack": "canarySlackSecret"}
NAMES = {"pagerduty": "webhook_secret", "slack": "signing_secret"}
FIRED = AlertEvent("acme", "e-1", "work_stuck", "ERROR", "queue", "Work is stuck", "")
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def queue(monkeypatch):
    """URL of the queue of notices."""
    monkeypatch.setenv("AWS_ACCOUNT_ID_ENDPOINT_MODE", "disabled")
    url = boto3.client("sqs").create_queue(QueueName="alert-deliveries")["QueueUrl"]
    monkeypatch.setenv("VIGIL_ALERT_DELIVERIES_QUEUE", url)
    monkeypatch.setenv("VIGIL_API_ADDRESS", "https://api.example.org")
    return url


@pytest.fixture
def alert(clock, published, queue):
    """An alert of the tenant `acme`, whose channels are called after their vendors."""
    process.forget()
    sealing = Sealing(inbound.alerting_secrets())
    channels = DynamoChannels(process.client("dynamodb"), "alerts")
    for vendor, secret in SECRETS.items():
        sealed = sealing.seal("acme", vendor, {NAMES[vendor]: secret})
        assert channels.create(Channel("acme", vendor, vendor, "Night", {}, sealed), 20)
    alerting.alert_intake().accept(replace(FIRED, occurred_at=format_timestamp(clock.now)))
    return alerting.alerts().get("acme", f"alr-{FIRED.fingerprint}-1")


@pytest.fixture
def api(alert):
    from functions.inbound_api.handler import lambda_handler

    process.forget()

    def call(method, path, body=None, headers=None):
        text = body.decode() if body else None
        answer = lambda_handler(event(method, path, tenant=None, body=text, headers=headers), Context())
        return answer["statusCode"], answer["body"]

    return call


def current(alert):
    """Return state, person and channels of the notices of an alert."""
    found = alerting.alerts().get("acme", alert.episode.alert_id)
    acknowledged = [notice.channel for notice in found.notices if notice.action == "acknowledge"]
    return found.episode.state, found.episode.acknowledged_by, sorted(acknowledged)


def test_an_acknowledgement_at_pagerduty_takes_the_alert_without_an_echo(api, alert, clock):
    body = pagerduty_body(clock.now, data={"incident_key": alert.episode.dedup_key})
    for _ in range(2):
        assert api("POST", "/v1/alerting/inbound/pagerduty/acme.pagerduty", body, pagerduty_headers(body))[0] == 202
    state, by, notices = current(alert)
    assert (state, by) == ("acknowledged", "pagerduty:PLH1HKV")
    assert "pagerduty" not in notices


def test_a_button_of_slack_takes_the_alert_without_an_echo(api, alert, clock):
    button = {"type": "button", "action_id": "acknowledge", "value": alert.episode.dedup_key}
    body = slack_body(actions=[button])
    headers = FORM | slack_headers(body, clock.now)
    assert api("POST", "/v1/alerting/inbound/slack/acme.slack", body, headers) == (200, "")
    state, by, notices = current(alert)
    assert (state, by) == ("acknowledged", "slack:U2CERLKJA")
    assert "slack" not in notices


REPORTS = {
    "pagerduty": lambda key, at: pagerduty_body(at, "incident.resolved", data={"incident_key": key}),
    "slack": lambda key, at: slack_body(
        actions=[{"action_id": "resolve", "value": key, "action_ts": f"{at.timestamp():.6f}"}]
    ),
}


def report(api, vendor, alert, acted_at, now):
    """Return the status of a report that arrives now about a resolution at a time."""
    body = REPORTS[vendor](alert.episode.dedup_key, acted_at)
    headers = FORM | slack_headers(body, now) if vendor == "slack" else pagerduty_headers(body)
    return api("POST", f"/v1/alerting/inbound/{vendor}/acme.{vendor}", body, headers)[0]


@pytest.mark.parametrize(("vendor", "status"), [("pagerduty", 202), ("slack", 200)])
@pytest.mark.parametrize("change", ["rise", "reopen"])
def test_a_report_before_a_later_alarm_changes_nothing(api, alert, clock, vendor, status, change, caplog):
    acted_at = clock.now + timedelta(seconds=30)
    clock.advance(minutes=1)
    severity = "CRITICAL" if change == "rise" else "ERROR"
    if change == "reopen":
        alerting.alerts().resolve("acme", alert.episode.alert_id, "key-1")
    again = replace(FIRED, event_id="e-2", severity=severity, occurred_at=format_timestamp(clock.now))
    alerting.alert_intake().accept(again)
    clock.advance(seconds=10)
    assert report(api, vendor, alert, acted_at, clock.now) == status
    assert current(alert)[0] == "firing"
    assert caplog.records[-1].problem == "outdated-report"
    assert report(api, vendor, alert, clock.now, clock.now) == status
    assert current(alert)[0] == "resolved"


def test_a_forged_report_counts_as_a_breach(api, clock, caplog):
    body = pagerduty_body(clock.now)
    headers = pagerduty_headers(body) | {"X-PagerDuty-Signature": f"v1={'0' * 64}"}
    assert api("POST", "/v1/alerting/inbound/pagerduty/acme.pagerduty", body, headers)[0] == 401
    assert [line.breach for line in caplog.records if line.message == "breach"] == ["forged-signature"]


def test_the_secret_of_a_channel_serves_its_own_address_only(api, alert, clock):
    body = pagerduty_body(clock.now, data={"incident_key": alert.episode.dedup_key})
    for name in ("acme.slack", "globex.pagerduty", "_operators.pagerduty"):
        path = f"/v1/alerting/inbound/pagerduty/{name}"
        for secret in SECRETS.values():
            assert api("POST", path, body, pagerduty_headers(body, secret))[0] == 401, name
    assert current(alert)[0] == "firing"


def test_the_links_of_a_notice_act_on_its_alert(api, alert, clock):
    links = inbound.link_maker().links(alert.notices[0], alert.episode, clock.now)
    for action, state in (("acknowledge", "acknowledged"), ("resolve", "resolved")):
        path = urlsplit(links[action]).path
        before = current(alert)[0]
        assert api("GET", path)[0] == 200
        assert current(alert)[0] == before
        assert api("POST", path, None, FORM)[0] == 200
        assert current(alert)[0] == state
    clock.advance(days=7)
    assert api("GET", path)[0] == 401


def test_a_link_is_valid_while_its_key_is_stored(api, alert, clock):
    path = urlsplit(inbound.link_maker().links(alert.notices[0], alert.episode, clock.now)["acknowledge"]).path
    client, arn = boto3.client("secretsmanager"), process.settings().alerting_secret_arn
    statuses = []
    for text in ('{"key": "new", "previous": "' + "a" * 64 + '"}', '{"key": "new"}'):
        client.put_secret_value(SecretId=arn, SecretString=text)
        process.forget()
        statuses.append(api("GET", path)[0])
    assert statuses == [200, 401]


def test_the_function_calls_exactly_the_granted_actions(api, alert, clock, called):
    actions, _ = called
    # The end of an outage deletes the record that its system is down.
    down = replace(FIRED, type="system_down", occurred_at=format_timestamp(clock.now))
    alerting.alert_intake().accept(down)
    episode = alerting.alerts().get("acme", f"alr-{down.fingerprint}-1").episode
    process.forget()
    actions.clear()
    body = pagerduty_body(clock.now, "incident.resolved", data={"incident_key": episode.dedup_key})
    api("POST", "/v1/alerting/inbound/pagerduty/acme.pagerduty", body, pagerduty_headers(body))
    assert TRANSACTION in actions
    assert actions - {TRANSACTION} == granted("InboundApi")
