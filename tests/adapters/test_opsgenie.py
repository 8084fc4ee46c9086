"""Notices become alerts at a strict fake of Opsgenie, which queues every request."""

from dataclasses import replace

import pytest

from tests.support.vendors.bench import FIRST_EPISODE
from vigil.alerting.channels.model import Postponed, Refused, Sent

ALIAS = FIRST_EPISODE.dedup_key
HOSTS = {"us": "api.opsgenie.com", "eu": "api.eu.opsgenie.com", "jsm": "api.atlassian.com"}


@pytest.fixture
def opsgenie(bench):
    return bench.vendors.opsgenie


def test_a_trigger_creates_an_alert_and_reads_its_result(bench, opsgenie):
    outcome = bench.send("opsgenie")
    (alert,) = opsgenie.alerts
    assert isinstance(outcome, Sent)
    assert (outcome.receipt.vendor_id, alert.alias, alert.priority) == (alert.alert_id, ALIAS, "P2")
    assert bench.vendors.count("opsgenie") == 2


@pytest.mark.parametrize("base", HOSTS)
def test_each_base_has_its_own_address_and_circuit(bench, opsgenie, base):
    assert isinstance(bench.send("opsgenie", options={"base": base}), Sent)
    hosts = {request.headers["host"] for _, request in bench.vendors.requests}
    assert (hosts, bench.circuits.calls[1]) == ({HOSTS[base]}, (f"opsgenie:{base}", None))
    assert len(opsgenie.alerts) == 1


def test_acknowledge_and_resolve_close_the_alert_by_its_alias(bench, opsgenie):
    for action in ("trigger", "acknowledge"):
        bench.send("opsgenie", action)
    assert opsgenie.open_alert(ALIAS).is_acknowledged
    bench.send("opsgenie", "resolve")
    assert [alert.status for alert in opsgenie.alerts] == ["closed"]


def test_a_rise_in_severity_changes_the_priority_of_the_same_alert(bench, opsgenie):
    bench.send("opsgenie", severity="WARNING")
    bench.send("opsgenie", severity="CRITICAL")
    opsgenie.process()
    (alert,) = opsgenie.alerts
    assert (alert.priority, alert.count) == ("P1", 2)


def test_a_queued_alert_is_postponed_and_created_once(bench, opsgenie):
    opsgenie.lag = 1
    assert isinstance(bench.send("opsgenie"), Postponed)
    opsgenie.lag = 0
    assert isinstance(bench.send("opsgenie", attempts=2), Sent)
    assert [alert.alias for alert in opsgenie.alerts] == [ALIAS]


def test_a_result_that_never_comes_is_trusted_after_three_attempts(bench, opsgenie):
    opsgenie.lag = 1_000
    outcomes = [bench.send("opsgenie", attempts=attempts) for attempts in range(1, 5)]
    assert [type(outcome) for outcome in outcomes] == [Postponed, Postponed, Postponed, Sent]


def test_a_close_before_the_creation_is_repeated(bench, opsgenie):
    assert isinstance(bench.send("opsgenie", "resolve"), Postponed)
    bench.send("opsgenie")
    assert isinstance(bench.send("opsgenie", "resolve", attempts=2), Sent)
    assert [alert.status for alert in opsgenie.alerts] == ["closed"]


def test_a_close_of_an_alert_that_a_person_closed_ends(bench, opsgenie):
    bench.send("opsgenie")
    opsgenie.alerts[0].status = "closed"
    assert isinstance(bench.send("opsgenie", "resolve", attempts=4), Sent)


def test_a_wrong_key_breaks_the_channel(bench, opsgenie):
    opsgenie.keys.clear()
    assert bench.send("opsgenie") == Refused("Opsgenie answered 401. Could not authenticate", is_channel_broken=True)


def test_long_texts_are_within_the_limits(bench, opsgenie):
    facts = tuple((f"fact {number}", "é" * 5_000) for number in range(60))
    episode = replace(FIRST_EPISODE, facts=facts, title="t" * 900, source="s" * 900)
    assert isinstance(bench.send("opsgenie", episode=episode), Sent)
    assert len(opsgenie.alerts[0].message) == 130


def test_a_digest_is_an_alert_of_its_own(bench, opsgenie):
    bench.send("opsgenie")
    bench.send("opsgenie", "digest", episode=None, severity="INFO", last_receipt=None, counts={"a b": 3})
    assert [alert.message for alert in opsgenie.alerts] == [
        FIRST_EPISODE.title,
        "3 notices were over the hourly limit",
    ]


@pytest.mark.parametrize("lag", [0, 1, 1_000])
def test_a_digest_leaves_no_alert_open(bench, opsgenie, lag):
    opsgenie.lag = lag
    digest = replace(bench.content("digest", severity="INFO", episode=None, counts={"a b": 3}))
    for attempts in range(1, 9):
        content = replace(digest, notice=replace(digest.notice, attempts=attempts))
        if isinstance(bench.dispatch.send(bench.channel("opsgenie"), content), Sent):
            break
    opsgenie.process()
    assert {alert.status for alert in opsgenie.alerts} == {"closed"}
