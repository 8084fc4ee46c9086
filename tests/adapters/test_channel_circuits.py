"""Channels under real circuit breakers and through the real way out, to the fake vendors."""

import ssl
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from tests.support.fakes.circuits import FakeCircuitStore, FakeObserver
from tests.support.fakes.clock import Clock
from tests.support.vendors import faults, server
from tests.support.vendors.bench import FIRST_EPISODE, Bench
from vigil.alerting.channels.model import Postponed, Refused, Sent
from vigil.outbound.breakers.registry import CircuitBreakers
from vigil.outbound.breakers.rules import BreakerRules
from vigil.outbound.breakers.service import BreakerParts
from vigil.outbound.destinations import AllowedDestinations
from vigil.outbound.https import Outbound

KINDS = {"pagerduty": "pagerduty", "slack": "slack", "opsgenie": "opsgenie"}


@pytest.fixture
def vendors():
    with server.serving() as vendors:
        vendors.slack.is_limited = False
        yield vendors


@pytest.fixture
def bench(vendors):
    clock, observer = Clock(), FakeObserver()
    parts = BreakerParts(FakeCircuitStore(), observer, clock, Random(7), BreakerRules())
    bench = Bench(vendors, clock, guard=CircuitBreakers(parts))
    bench.observer = observer
    return bench


def other(bench, name):
    """Return a channel of another tenant with the same settings."""
    channel = replace(bench.channel(name), tenant_id="globex", channel_id="chn-other")
    return replace(channel, sealed=bench.sealing.seal("globex", "chn-other", bench.sealing.open(bench.channel(name))))


@pytest.mark.parametrize("name", KINDS)
def test_a_throttled_channel_pauses_alone(bench, vendors, name):
    """B7 for each channel: the vendor limits an account, so the other tenants go on."""
    vendors.script(KINDS[name], faults.status(429, "", Retry_After="7"))
    assert bench.send(name).after == timedelta(seconds=7)
    before = vendors.count(KINDS[name])
    outcome = bench.send(name)
    assert isinstance(outcome, Postponed)
    assert not outcome.is_open
    assert vendors.count(KINDS[name]) == before
    assert isinstance(bench.dispatch.send(other(bench, name), bench.content()), Sent)
    bench.clock.advance(seconds=7)
    assert isinstance(bench.send(name), Sent)
    assert bench.observer.names() == []


@pytest.mark.parametrize("name", KINDS)
def test_a_failing_vendor_is_open_for_all_tenants(bench, vendors, name):
    vendors.script(KINDS[name], *[faults.status(503)] * 60)
    outcomes = [bench.send(name) for _ in range(40)]
    assert outcomes[-1].is_open
    assert vendors.count(KINDS[name]) < 40
    outcome = bench.dispatch.send(other(bench, name), bench.content())
    assert isinstance(outcome, Postponed)
    assert outcome.is_open
    assert bench.observer.names() == ["opened"]


def test_a_failing_endpoint_is_open_for_its_own_channel_only(bench, vendors):
    """B6: a dead endpoint of one tenant does not delay another one."""
    vendors.script("receiver", *[faults.status(503)] * 60)
    assert [bench.send("webhook") for _ in range(40)][-1].is_open
    vendors.faults.clear()
    assert isinstance(bench.dispatch.send(other(bench, "webhook"), bench.content()), Sent)


@pytest.fixture
def through_outbound(vendors):
    """A bench whose requests take the real way out, to loopback addresses that the operator allows."""
    allowed = AllowedDestinations([("127.0.0.1", vendors.port)], is_local=True)
    return Bench(vendors, https=Outbound(allowed, ssl.create_default_context()))


@pytest.mark.parametrize("name", KINDS)
def test_the_real_way_out_reaches_each_vendor(through_outbound, vendors, name):
    options = {"base_url": vendors.base_url(KINDS[name])}
    for action in ("trigger", "acknowledge", "resolve"):
        assert isinstance(through_outbound.send(name, action, options=options), Sent)
    vendors.opsgenie.process()
    states = [incident.status for incident in vendors.pagerduty.incidents]
    states += [alert.status for alert in vendors.opsgenie.alerts] + [
        m.thread_ts and "reply" for m in vendors.slack.messages
    ]
    assert states in (["resolved"], ["closed"], ["", "reply", "reply"])


@pytest.mark.parametrize(("fault", "kind"), [(faults.reset, Postponed), (faults.huge, Sent | Refused)])
def test_faults_on_the_real_way_out_are_outcomes(through_outbound, vendors, fault, kind):
    vendors.script("pagerduty", fault)
    options = {"base_url": vendors.base_url("pagerduty")}
    assert isinstance(through_outbound.send("pagerduty", options=options), kind)


def test_an_address_that_is_not_public_breaks_the_channel(vendors):
    bench = Bench(vendors, https=Outbound(AllowedDestinations(), ssl.create_default_context()))
    outcome = bench.send("pagerduty", options={"base_url": vendors.base_url("pagerduty")}, episode=FIRST_EPISODE)
    assert outcome == Refused("PagerDuty has no public address. Set another address.", is_channel_broken=True)
    assert vendors.requests == []
