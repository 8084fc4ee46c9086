"""Flaps and rises during the outage of a vendor: the last notice of a channel tells the state of the alert."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.fakes.notices import FINGERPRINT, episode, notice
from tests.support.notice_deliveries import DeliveryBed
from vigil.alerting.alerts.model import SEVERITIES
from vigil.alerting.channels.model import Postponed
from vigil.alerting.notices.limits_model import NoticeLimits
from vigil.kernel.time import format_timestamp

FALLBACKS = ("two", "operators")


class Flapping:
    """An alert with the channel `one`, whose vendor is down, and its fallback `two`."""

    def __init__(self, severity="CRITICAL", fallbacks=FALLBACKS):
        self.bed, self._fallbacks = DeliveryBed(1), fallbacks
        self.bed.vendor.answer = self._answer
        self.is_down = True
        self.bed.store.add(episode(severity=severity, notices=0))
        self.change("trigger", severity)

    def change(self, action, severity=None, **more):
        """Change the alert, and send a notice of the change to `one`."""
        about = self.bed.store.episodes["acme", FINGERPRINT]
        severity = severity or about.severity
        named = notice(about.notices + 1, action, severity=severity, created_at=format_timestamp(self.bed.clock()))
        named = replace(named, fallbacks=self._fallbacks if action == "trigger" else (), **more)
        state = "resolved" if action == "resolve" else "firing"
        self.bed.store.add(replace(about, state=state, version=about.version + 1, severity=severity), named)
        self.bed.queue.send([named])

    def told(self, channel):
        """Return the action and severity of each accepted notice of a channel."""
        accepted = [each.notice for each in self.bed.vendor.accepted if each.notice.channel == channel]
        return [(each.action, each.severity) for each in accepted]

    def states(self):
        """Return the states of the notices to `one` in their order."""
        return [each.notice.state for _, each in sorted(self.bed.store.stored.items()) if each.notice.channel == "one"]

    def _answer(self, channel, content):
        return Postponed("503") if self.is_down and channel.channel_id == "one" else None


@pytest.mark.parametrize("first", ["INFO", "WARNING", "CRITICAL"])
def test_critical_after_a_flap_in_an_outage_gets_its_fallback(first):
    alert = Flapping(first)
    alert.bed.minute(2)
    alert.change("resolve")
    alert.change("trigger", "CRITICAL")
    alert.bed.minute()
    alert.bed.minute()
    assert ("trigger", "CRITICAL") in alert.told("two")
    alert.is_down = False
    alert.bed.settle()
    assert alert.bed.store.imbalance() == {}


def test_flaps_shorter_than_a_pause_reach_the_fallback():
    alert = Flapping()
    for _ in range(4):
        alert.bed.minute(1)
        alert.change("resolve")
        alert.change("trigger")
    alert.bed.minute(2)
    assert alert.told("two")


def test_flap_after_a_fallback_reaches_the_fallback_again():
    alert = Flapping()
    for _ in range(3):
        alert.bed.minute()
    assert len(alert.told("two")) == 1
    alert.change("resolve")
    alert.bed.minute()
    alert.change("trigger")
    alert.bed.minute()
    assert len(alert.told("two")) == 2


@pytest.mark.parametrize("low", SEVERITIES[:3])
def test_rise_in_an_outage_is_the_last_word_at_the_vendor(low):
    alert = Flapping(low)
    alert.bed.minute(10)
    alert.change("trigger", "CRITICAL")
    alert.is_down = False
    alert.bed.settle()
    assert alert.states() == ["superseded", "sent"]
    assert alert.told("one") == [("trigger", "CRITICAL")]


def test_notice_is_sent_with_the_severity_of_its_alert():
    alert = Flapping("WARNING")
    alert.bed.minute(10)
    about = alert.bed.store.episodes["acme", FINGERPRINT]
    alert.bed.store.episodes["acme", FINGERPRINT] = replace(about, severity="CRITICAL")
    alert.is_down = False
    alert.bed.settle()
    assert alert.told("one") == [("trigger", "CRITICAL")]


def test_flap_in_an_outage_ends_with_one_trigger():
    alert = Flapping("ERROR")
    for action in ["resolve", "trigger", "resolve", "trigger"]:
        alert.bed.minute(30)
        alert.change(action)
    alert.is_down = False
    alert.bed.settle()
    assert alert.states()[-1] == "sent"
    assert alert.bed.vendor.incidents["one", f"{FINGERPRINT}-1"] == ["triggered"]


def test_flaps_do_not_prolong_the_time_to_give_up():
    alert = Flapping("ERROR")
    start = alert.bed.clock.now
    while not alert.told("two"):
        for _ in range(5):
            alert.bed.minute()
        alert.change("resolve")
        alert.change("trigger")
        assert alert.bed.clock.now - start < timedelta(hours=7)
    assert alert.bed.clock.now - start >= timedelta(hours=6)


def test_flap_keeps_the_place_in_the_limit():
    alert = Flapping("WARNING")
    assert alert.bed.store.set_limits("acme", NoticeLimits(warning=1, version=1))
    alert.bed.minute(10)
    alert.change("resolve")
    alert.change("trigger")
    alert.is_down = False
    alert.bed.settle()
    assert alert.states()[-1] == "sent"


def test_resolve_in_an_outage_ends_the_trigger_before_it():
    alert = Flapping("WARNING")
    alert.bed.minute(10)
    alert.change("resolve")
    alert.is_down = False
    alert.bed.minute(1)
    assert alert.states() == ["superseded", "sent"]


def test_held_trigger_leaves_the_resolve_before_it():
    alert = Flapping()
    alert.is_down = False
    alert.bed.minute(1)
    alert.change("resolve")
    alert.change("trigger", state="silenced", due_at=None, ended_at=format_timestamp(alert.bed.clock()))
    alert.bed.settle()
    assert alert.states() == ["sent", "sent", "silenced"]
