"""Silences and inhibition: alerts that send no notice now, and the notices that follow when the hold ends."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.alert_lives import CHAT, PAGE, Life
from tests.support.fakes.alerts import config
from tests.support.fakes.clock import Clock
from vigil.alerting.policies.model import Matcher, Silence
from vigil.kernel.time import format_timestamp


def silence(hours, *, critical=False, **matcher):
    start = Clock()()
    end = format_timestamp(start + timedelta(hours=hours))
    return Silence("s", Matcher(**matcher), format_timestamp(start), end, "move", "key-1", holds_critical=critical)


def test_silence_holds_notices_and_its_end_notifies_once():
    life = Life(replace(config(PAGE, CHAT), silences=(silence(1),)))
    assert life.fire() == [("trigger", "page", "silenced")]
    assert life.episode.hold == "silenced"
    seen = [(minute, notice) for minute in range(1, 70) for notice in life.wait(minutes=1)]
    assert seen == [(60, ("trigger", "page", "pending"))]
    assert life.episode.hold is None


def test_silence_that_ends_early_notifies_within_a_minute():
    life = Life(replace(config(PAGE), silences=(silence(24),)))
    life.fire()
    life.config = config(PAGE)
    assert life.wait(seconds=60) == [("trigger", "page", "pending")]


def test_silence_holds_an_escalation_step():
    life = Life(config(PAGE, CHAT))
    life.fire()
    life.config = replace(life.config, silences=(silence(1),))
    assert life.wait(minutes=15) == [("trigger", "chat", "silenced")]
    assert [notice for _ in range(50) for notice in life.wait(minutes=1)] == [("trigger", "chat", "pending")]


@pytest.mark.parametrize(("critical", "expected"), [(False, "pending"), (True, "silenced")])
def test_critical_alert_is_silenced_only_if_the_silence_says_so(critical, expected):
    life = Life(replace(config(PAGE), silences=(silence(2, critical=critical),)))
    assert life.fire(severity="CRITICAL") == [("trigger", "page", expected)]


def test_silence_of_critical_alerts_ends_after_four_hours():
    life = Life(replace(config(PAGE), silences=(silence(24, critical=True),)))
    life.fire(severity="CRITICAL")
    life.clock.advance(hours=3, minutes=59)
    assert life.tick() == []
    assert life.wait(minutes=1) == [("trigger", "page", "pending")]


def test_rise_to_critical_breaks_a_silence():
    life = Life(replace(config(PAGE), silences=(silence(2),)))
    life.fire(severity="WARNING")
    assert life.fire(severity="CRITICAL") == [("trigger", "page", "pending")]
    assert life.episode.hold is None


def test_system_down_inhibits_its_parts_until_it_ends():
    life = Life(config(PAGE), down=("scoring",))
    assert life.fire(type="high_latency", source="scoring.api") == [("trigger", "page", "inhibited")]
    assert life.wait(minutes=1) == []
    life.down = ()
    assert life.wait(minutes=1) == [("trigger", "page", "pending")]


@pytest.mark.parametrize(
    "more",
    [
        {"type": "high_latency", "source": "scoringless"},
        {"type": "work_stuck", "source": "scoring.api"},
        {"type": "high_error_rate", "source": "scoring", "severity": "CRITICAL"},
    ],
)
def test_system_down_does_not_inhibit_other_alerts(more):
    assert Life(config(PAGE), down=("scoring",)).fire(**more) == [("trigger", "page", "pending")]
