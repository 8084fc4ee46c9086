"""A signed report changes its alert once and is not echoed; all others have no effect."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fakes.clock import Clock
from tests.support.fakes.inbound import (
    ALERT_ID,
    ENDPOINT,
    KEY,
    SECRETS,
    FakeAlerts,
    FakeAppliedReports,
    FakeSigningSecrets,
    pagerduty_body,
    pagerduty_headers,
    slack_body,
    slack_headers,
)
from vigil.alerting.inbound.model import SEEN_FOR, Endpoint, parse_endpoint
from vigil.alerting.inbound.pagerduty_model import PagerDutyReader
from vigil.alerting.inbound.service import InboundReports
from vigil.alerting.inbound.slack_model import SlackReader
from vigil.errors import Conflict, Unauthenticated, Unavailable

NAME = ENDPOINT.name


@pytest.fixture
def alerts():
    return FakeAlerts()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def reports(alerts, clock):
    return InboundReports(FakeSigningSecrets(), FakeAppliedReports(), alerts, clock)


def receive(reports, vendor, headers, body, name=NAME):
    return reports.apply(vendor, reports.verify(vendor, name, headers, body), headers, body)


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("incident.acknowledged", [("acknowledged", "pagerduty:PLH1HKV", "night")]),
        ("incident.resolved", [("resolved", "pagerduty:PLH1HKV", "night")]),
        *((f"incident.{other}", []) for other in ("triggered", "unacknowledged", "reopened", "escalated", "annotated")),
        ("pagey.ping", []),
    ],
)
def test_an_event_of_pagerduty_changes_its_alert(reports, alerts, clock, kind, change):
    body = pagerduty_body(clock.now, kind)
    receive(reports, "pagerduty", pagerduty_headers(body), body)
    assert alerts.changes == change


@pytest.mark.parametrize(
    ("action", "change"),
    [
        ("acknowledge", [("acknowledged", "slack:U2CERLKJA", "night")]),
        ("resolve", [("resolved", "slack:U2CERLKJA", "night")]),
        ("open", []),
    ],
)
def test_a_button_of_slack_changes_its_alert(reports, alerts, clock, action, change):
    body = slack_body(action)
    receive(reports, "slack", slack_headers(body, clock.now), body)
    assert alerts.changes == change


def test_a_repeated_event_has_one_effect(reports, alerts, clock):
    body = pagerduty_body(clock.now)
    for _ in range(3):
        receive(reports, "pagerduty", pagerduty_headers(body), body)
    assert (alerts.calls, len(alerts.changes)) == (1, 1)


def test_a_replayed_button_has_one_effect(reports, alerts, clock):
    body = slack_body()
    headers = slack_headers(body, clock.now)
    receive(reports, "slack", headers, body)
    alerts.states["acme", ALERT_ID] = "firing"  # again
    receive(reports, "slack", headers, body)
    assert (alerts.calls, alerts.states["acme", ALERT_ID]) == (1, "firing")


def test_a_report_is_stored_for_longer_than_its_replay_is_accepted(alerts, clock):
    applied = FakeAppliedReports()
    body = pagerduty_body(clock.now)
    receive(InboundReports(FakeSigningSecrets(), applied, alerts, clock), "pagerduty", pagerduty_headers(body), body)
    assert [until - clock.now for until in applied.known.values()] == [2 * SEEN_FOR]


def test_an_event_older_than_its_store_has_no_effect(reports, alerts, clock):
    body = pagerduty_body(clock.now - SEEN_FOR - timedelta(seconds=1))
    assert receive(reports, "pagerduty", pagerduty_headers(body), body) is None
    assert alerts.calls == 0


@pytest.mark.parametrize(
    "key", ["another incident", "vigil-globex-0123456789abcdef01234567-1", "vigil-acme-0123456789abcdef01234567-2"]
)
def test_an_unknown_incident_is_ignored(reports, alerts, clock, key):
    body = pagerduty_body(clock.now, data={"incident_key": key})
    assert receive(reports, "pagerduty", pagerduty_headers(body), body) is None
    assert alerts.changes == []


@pytest.mark.parametrize("failure", [Conflict("busy"), Unavailable("away")])
def test_a_failed_report_is_not_stored_so_that_its_repeat_counts(reports, alerts, clock, failure):
    """PagerDuty repeats a report after 503 and drops it after 409."""
    alerts.failures = [failure]
    body = pagerduty_body(clock.now)
    with pytest.raises(Unavailable):
        receive(reports, "pagerduty", pagerduty_headers(body), body)
    receive(reports, "pagerduty", pagerduty_headers(body), body)
    assert len(alerts.changes) == 1


def forged(clock):
    """Yield vendor, name, headers and body of reports that the channel did not sign."""
    duty, slack = pagerduty_body(clock.now), slack_body()
    good = pagerduty_headers(duty)["x-pagerduty-signature"]
    for header in ("", good[:-1], good.upper(), good.replace("v1=", "v2="), good.replace("v1=", ""), "v1=" + "0" * 64):
        yield "pagerduty", NAME, {"x-pagerduty-signature": header}, duty
    yield "pagerduty", NAME, {}, duty
    yield "pagerduty", NAME, pagerduty_headers(duty), duty + b" "
    yield "pagerduty", NAME, pagerduty_headers(duty, SECRETS["slack"], ""), duty
    yield "pagerduty", NAME, {"x-pagerduty-signature": ",".join(["v1=" + "0" * 64] * 8 + [good])}, duty
    yield "slack", NAME, pagerduty_headers(duty), duty
    yield "slack", NAME, slack_headers(slack, clock.now, "other"), slack
    yield "slack", NAME, slack_headers(slack, clock.now), slack + b"&a=b"
    for late in (-301, 301):
        yield "slack", NAME, slack_headers(slack, clock.now + timedelta(seconds=late)), slack
    for changed in ("", "x", "-1", "1e9", "9" * 13, "٣"):
        yield "slack", NAME, slack_headers(slack, clock.now) | {"x-slack-request-timestamp": changed}, slack
    for name in (
        "acme.day",
        "globex.night",
        "acme",
        "acme.night.",
        "ACME.night",
        "",
        ".",
        "acme.night\n",
        "_system.night",
    ):
        yield "pagerduty", name, pagerduty_headers(duty), duty
        yield "slack", name, slack_headers(slack, clock.now), slack


@pytest.mark.parametrize(("vendor", "name", "headers", "body"), list(forged(Clock())))
def test_forged_reports_and_unknown_channels_are_refused_alike(reports, alerts, vendor, name, headers, body):
    with pytest.raises(Unauthenticated) as error:
        receive(reports, vendor, headers, body, name)
    assert str(error.value) == "The signature of the report is not valid for this address."
    assert alerts.calls == 0


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_a_report_of_slack_within_five_minutes_is_accepted(reports, alerts, clock, seconds):
    body = slack_body()
    receive(reports, "slack", slack_headers(body, clock.now + timedelta(seconds=seconds)), body)
    assert len(alerts.changes) == 1


def test_one_of_several_signatures_is_enough_during_a_rotation(reports, alerts, clock):
    body = pagerduty_body(clock.now)
    headers = pagerduty_headers(body, "old", SECRETS["pagerduty"])
    receive(reports, "pagerduty", {name: f"v2=x, {text}" for name, text in headers.items()}, body)
    assert len(alerts.changes) == 1


def test_the_published_example_of_slack_is_signed(clock):
    """Example of https://docs.slack.dev/authentication/verifying-requests-from-slack."""
    fields = {
        "token": "xyzz0WbapA4vBCDEFasx0q6G",
        "team_id": "T1DC2JH3J",
        "team_domain": "testteamnow",
        "channel_id": "G8PSS9T3V",
        "channel_name": "foobar",
        "user_id": "U2CERLKJA",
        "user_name": "roadrunner",
        "command": "/webhook-collect",
        "text": "",
        "response_url": "https://hooks.slack.com/commands/T1DC2JH3J/397700885554/96rGlfmibIGlgcZRskXaIFfN",
        "trigger_id": "398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c",
    }
    headers = {
        "x-slack-request-timestamp": "1531420618",
        "x-slack-signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
    }
    at = clock.now.fromtimestamp(1531420618, clock.now.tzinfo)
    reader, body = SlackReader(), urlencode(fields).encode()
    assert reader.is_signed(["8f742231b10e8888abcd99yyyzzz85a5"], headers, body, at)
    assert reader.read(headers, body, at) is None


@given(
    st.one_of(st.binary(max_size=200), st.recursive(st.none() | st.text(max_size=9), st.lists).map(str).map(str.encode))
)
def test_no_body_raises_an_error(body):
    clock = Clock()
    assert PagerDutyReader().read({}, body, clock.now) is None
    assert SlackReader().read(slack_headers(body, clock.now), body, clock.now) is None


@given(
    st.sampled_from(["id", "occurred_at", "agent", "data", "event_type"]),
    st.from_type(type(None)) | st.text() | st.integers(),
)
def test_no_value_of_a_field_of_pagerduty_raises_an_error(field, value):
    clock = Clock()
    report = PagerDutyReader().read({}, pagerduty_body(clock.now, **{field: value}), clock.now)
    assert report is None or report.by == "pagerduty" or field == "id"


@pytest.mark.parametrize(
    "changes", [{"type": "view"}, {"user": None}, {"actions": [1]}, {"actions": []}, {"actions": None}]
)
def test_another_interaction_of_slack_is_ignored(reports, alerts, clock, changes):
    body = slack_body(**changes)
    assert receive(reports, "slack", slack_headers(body, clock.now), body) is None
    assert alerts.calls == 0


def test_an_echo_of_an_event_of_vigil_has_no_effect(reports, alerts, clock):
    body = pagerduty_body(clock.now, agent={"id": "PINTEG", "type": "events_api_v2_inbound_integration_reference"})
    assert receive(reports, "pagerduty", pagerduty_headers(body), body) is None
    assert alerts.calls == 0


@pytest.mark.parametrize(
    ("action_ts", "seconds"), [("1772366395.365873", -5), ("1772366395", -5), ("soon", 0), (None, 0), (7e11, 0)]
)
def test_a_button_has_its_own_time_or_that_of_its_report(clock, action_ts, seconds):
    button = {"action_id": "resolve", "value": KEY} | ({"action_ts": action_ts} if action_ts else {})
    body = slack_body(actions=[button])
    report = SlackReader().read(slack_headers(body, clock.now), body, clock.now)
    assert report.occurred_at == clock.now + timedelta(seconds=seconds)


@pytest.mark.parametrize("agent", [None, {}, {"id": None}, {"id": "a b"}, {"id": "x" * 33}, "text"])
def test_an_unknown_person_is_named_by_the_vendor(reports, alerts, clock, agent):
    body = pagerduty_body(clock.now, agent=agent)
    receive(reports, "pagerduty", pagerduty_headers(body), body)
    assert alerts.changes == [("acknowledged", "pagerduty", "night")]


@pytest.mark.parametrize("endpoint", [ENDPOINT, Endpoint("_operators", "pager-1"), Endpoint("a-1", "0")])
def test_an_endpoint_is_found_by_its_name(endpoint):
    assert parse_endpoint(endpoint.name) == endpoint


def test_the_key_of_an_incident_names_the_alert():
    assert KEY.endswith(ALERT_ID.removeprefix("alr"))
