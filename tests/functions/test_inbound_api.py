"""Reports of vendors and signed links as deployed: an alert that a person takes outside is taken, once."""

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
    now = format_timestamp(clock.now)
    fired = AlertEvent("acme", "e-1", "work_stuck", "ERROR", "queue", "Work is stuck", now)
    alerting.alert_intake().accept(fired)
    return alerting.alerts().get("acme", f"alr-{fired.fingerprint}-1")


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
    process.forget()
    actions.clear()
    body = pagerduty_body(clock.now, "incident.resolved", data={"incident_key": alert.episode.dedup_key})
    api("POST", "/v1/alerting/inbound/pagerduty/acme.pagerduty", body, pagerduty_headers(body))
    assert TRANSACTION in actions
    assert actions - {TRANSACTION} == granted("InboundApi")
