"""Every sender meets every fault of a vendor: the outcome is right, in time, and without a secret."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.vendors import faults, server
from tests.support.vendors.bench import FIRST_EPISODE, SECRETS, Bench
from tests.support.vendors.loopback import LoopbackHttps
from vigil.alerting.channels.model import Postponed, Refused, Sent
from vigil.errors import Unavailable

VENDORS = {
    "pagerduty": "pagerduty",
    "slack": "slack",
    "slack-webhook": "slack",
    "opsgenie": "opsgenie",
    "webhook": "receiver",
    "teams": "receiver",
}


@pytest.fixture
def bench():
    with server.serving() as vendors:
        vendors.slack.is_limited = False
        vendors.receiver.is_signed = False
        yield Bench(vendors)


@pytest.fixture(params=VENDORS)
def name(request):
    return request.param


@pytest.fixture
def echo(name):
    """Words of a vendor that repeat all secrets of the channel."""
    return " ".join(("You sent", *SECRETS[name].values()))


@pytest.fixture
def send(bench, name):
    """Send a notice after the vendor was scripted with a fault; the outcome has no secret."""

    def call(*scripted):
        bench.vendors.script(VENDORS[name], *scripted)
        outcome = bench.send(name)
        canaries = [part for text in SECRETS[name].values() for part in (text, text.rpartition("/")[2])]
        assert not [canary for canary in canaries if canary in repr(outcome)]
        return outcome

    return call


@pytest.mark.parametrize("code", [500, 502, 503, 504])
def test_a_vendor_with_a_server_error_postpones(send, echo, code):
    outcome = send(faults.status(code, echo))
    assert isinstance(outcome, Postponed)
    assert str(code) in outcome.reason
    assert (outcome.after, outcome.is_open) == (None, False)


def test_a_throttled_notice_waits_as_long_as_the_vendor_says(send, echo):
    outcome = send(faults.status(429, echo, Retry_After="7"))
    assert (outcome.after, outcome.is_open) == (timedelta(seconds=7), False)


def test_a_date_in_retry_after_is_understood(send, bench):
    date = (bench.clock.now + timedelta(seconds=90)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    assert send(faults.status(429, "", Retry_After=date)).after == timedelta(seconds=90)


@pytest.mark.parametrize("text", ["soon", "-5", "²", "", "99999999999999999999"])
def test_a_strange_retry_after_is_bounded_or_ignored(send, text):
    assert send(faults.status(429, "", Retry_After=text)).after in {None, timedelta(hours=1)}


@pytest.mark.parametrize("code", [401, 403])
def test_a_refused_key_breaks_the_channel(send, echo, code):
    outcome = send(faults.status(code, echo))
    assert isinstance(outcome, Refused)
    assert outcome.is_channel_broken
    assert str(code) in outcome.reason


def test_a_refused_notice_has_the_words_of_the_vendor(send, echo):
    outcome = send(faults.status(400, "the severity is unknown to us " + echo))
    assert isinstance(outcome, Refused)
    assert "the severity is unknown to us" in outcome.reason
    assert (outcome.is_channel_broken, len(outcome.reason) <= 300) == (False, True)


def test_a_redirect_is_refused_and_not_followed(send, bench, name):
    outcome = send(faults.redirect(bench.vendors.base_url("receiver")))
    assert isinstance(outcome, Refused)
    assert "redirect" in outcome.reason
    assert bench.vendors.count(VENDORS[name]) == 1


@pytest.mark.parametrize("fault", [faults.hang, faults.slow, faults.reset])
def test_a_vendor_that_gives_no_answer_postpones(bench, name, fault):
    hasty = Bench(bench.vendors, https=LoopbackHttps(bench.vendors.port, seconds=0.5))
    bench.vendors.script(VENDORS[name], *[fault] * 4)
    outcome = hasty.send(name)
    assert isinstance(outcome, Postponed)
    assert "did not answer: " in outcome.reason


def test_a_huge_answer_is_read_in_part_only(send, bench, name):
    outcome = send(faults.huge)
    assert isinstance(outcome, Sent | Refused)


def test_a_closed_port_postpones(bench, name):
    away = Bench(bench.vendors, https=LoopbackHttps(1))
    assert isinstance(away.send(name), Postponed)


def test_an_open_circuit_postpones_without_a_request(bench, name):
    bench.circuits.open = dict.fromkeys(("pagerduty", "slack", "opsgenie:us", f"webhook:chn-{name}"), 9)
    outcome = bench.send(name)
    assert (outcome.after, outcome.is_open) == (timedelta(seconds=9), True)
    assert bench.vendors.requests == []


def test_a_channel_has_its_own_circuit_within_that_of_its_vendor(bench, name):
    bench.send(name)
    circuits = {"pagerduty": "pagerduty", "slack": "slack", "opsgenie": "opsgenie:us"}
    vendor = circuits.get(VENDORS[name])
    assert bench.circuits.calls[0] == (f"{vendor or 'webhook'}:chn-{name}", "acme")
    assert {circuit for circuit, tenant in bench.circuits.calls if tenant is None} == {vendor} - {None}


def test_secrets_of_another_channel_do_not_open(bench, name):
    channel = replace(bench.channel(name), channel_id="chn-other")
    outcome = bench.dispatch.send(channel, bench.content())
    assert isinstance(outcome, Refused)
    assert outcome.is_channel_broken


def test_secrets_that_cannot_be_read_now_postpone(bench, name, monkeypatch):
    def fail():
        raise Unavailable("The secret store did not answer.")

    channel = bench.channel(name)
    monkeypatch.setattr(bench.sealing, "open", lambda _: fail())
    assert isinstance(bench.dispatch.send(channel, bench.content()), Postponed)


def test_one_refused_alert_among_100_hurts_one_notice_only(bench, name):
    """P7: 99 notices arrive, and one is refused with the vendor's words."""
    vendors = bench.vendors
    refused = replace(FIRST_EPISODE, number=42, title="Refused title")
    vendors.pagerduty.refused = vendors.opsgenie.refused = vendors.slack.refused = {refused.title}
    outcomes = []
    for number in range(100):
        episode = refused if number == 42 else replace(FIRST_EPISODE, number=number)
        if number == 42 and VENDORS[name] == "receiver":
            vendors.script("receiver", faults.status(400, "the title is refused"))
        outcomes.append(bench.send(name, episode=episode, last_receipt=None))
    assert [number for number, outcome in enumerate(outcomes) if not isinstance(outcome, Sent)] == [42]
    assert isinstance(outcomes[42], Refused)
    assert not outcomes[42].is_channel_broken
    assert "invalid" in outcomes[42].reason or "refused" in outcomes[42].reason


def test_every_channel_of_the_bench_has_a_secret_or_is_mail():
    assert [each for each, secrets in SECRETS.items() if not secrets] == ["email"]
