"""Episodes: their changes by events, people and the clock, and the notices that follow."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.alert_lives import CHAT, PAGE, Life
from tests.support.fakes.alerts import config
from vigil.alerting.episodes.model import CLOCK_TOLERANCE, is_outdated
from vigil.alerting.policies.model import ConfiguredChannel, Matcher, Policy, PolicyStep, Route
from vigil.kernel.tenants import OPERATORS
from vigil.kernel.time import format_timestamp


def test_first_event_notifies_the_first_step():
    life = Life(config(PAGE, CHAT))
    assert life.fire() == [("trigger", "page", "pending")]
    assert (life.episode.number, life.episode.state, life.episode.level) == (1, "firing", 0)
    assert life.new[0].fallbacks == ("chat", "operators")
    assert life.episode.due_at == format_timestamp(life.clock() + timedelta(minutes=15))


def test_same_fingerprint_while_open_is_grouped_without_a_notice():
    life = Life(config(PAGE))
    life.fire()
    assert life.fire(at="2026-03-01T12:05:00.000000Z") == []
    assert (life.episode.count, life.episode.number) == (2, 1)
    assert life.episode.last_event_at == "2026-03-01T12:05:00.000000Z"


def test_rise_in_severity_notifies_at_once():
    life = Life(config(PAGE, CHAT))
    life.fire(severity="WARNING")
    assert life.fire(severity="CRITICAL") == [("trigger", "page", "pending")]
    assert (life.episode.severity, life.new[0].severity, life.episode.count) == ("CRITICAL", "CRITICAL", 2)


def test_rise_reaches_the_new_policy_and_the_channels_reached_before():
    base = config(PAGE)
    urgent = Policy("urgent", "Urgent", (PolicyStep((CHAT,)),))
    routes = (Route("urgent", Matcher(severity="CRITICAL"), "urgent"), *base.routes)
    life = Life(replace(base, policies=dict(base.policies) | {"urgent": urgent}, routes=routes))
    life.fire()
    assert life.fire(severity="CRITICAL") == [("trigger", "chat", "pending"), ("trigger", "page", "pending")]
    assert life.episode.policy == "urgent"


def test_rise_of_an_acknowledged_episode_fires_it_again():
    life = Life(config(PAGE))
    life.fire()
    life.acknowledge()
    assert life.fire(severity="CRITICAL") == [("trigger", "page", "pending")]
    assert (life.episode.state, life.episode.acknowledged_by) == ("firing", None)


def test_steps_follow_until_the_operators_are_notified():
    life = Life(config(PAGE, CHAT, repeats=1))
    life.fire()
    seen = []
    for _ in range(6):
        seen += [channel for _, channel, _ in life.wait(minutes=15)]
        life.deliver()
    assert seen == ["chat", "page", "chat", "operators"]
    assert life.episode.due_at is None


def test_alerts_of_operators_end_with_their_last_step():
    life = Life(config(PAGE, tenant_id=OPERATORS))
    life.fire()
    assert life.wait(minutes=15) == []
    assert life.episode.due_at is None


def test_step_without_a_channel_is_skipped_at_once():
    life = Life(config("schedule:nights", "channel:gone", CHAT, on_call=lambda _, __: ("ghost",)))
    assert life.fire() == [("trigger", "chat", "pending")]
    assert life.episode.level == 2


def test_schedule_notifies_the_members_on_call():
    life = Life(config("schedule:week", on_call=lambda name, _: (f"{name}-ann",), members=frozenset({"week-ann"})))
    assert life.fire() == [("trigger", "member:week-ann", "pending")]


def test_broken_channel_is_skipped():
    configured = config(PAGE, CHAT)
    broken = dict(configured.channels) | {"page": ConfiguredChannel("page", "slack", is_broken=True)}
    assert Life(replace(configured, channels=broken)).fire() == [("trigger", "chat", "pending")]


def test_alert_without_a_route_reaches_every_channel_once():
    life = Life(config())
    assert life.fire() == [("trigger", "chat", "pending"), ("trigger", "page", "pending")]
    assert life.episode.due_at is None


@pytest.mark.parametrize(
    ("tenant", "has_contact", "expected"),
    [
        ("acme", True, ("contact", "pending", ("operators",))),
        ("acme", False, ("operators", "pending", ())),
        (OPERATORS, True, ("contact", "pending", ())),
        (OPERATORS, False, ("operators", "unroutable", ())),
    ],
)
def test_tenant_without_channels_still_has_a_notice(tenant, has_contact, expected):
    life = Life(config(channels=(), tenant_id=tenant, has_contact=has_contact))
    life.fire()
    assert [(each.channel, each.state, each.fallbacks) for each in life.new] == [expected]


@pytest.mark.parametrize("again", [{"severity": "CRITICAL"}, {}], ids=["rise", "reopen"])
def test_acts_before_the_last_alarm_are_outdated(again):
    life = Life(config(PAGE))
    life.fire()
    first = life.clock()
    assert not is_outdated(life.episode, first - CLOCK_TOLERANCE)
    life.clock.advance(minutes=2)
    if not again:
        life.resolve()
    life.fire(**again)
    assert life.episode.alerted_at == format_timestamp(life.clock())
    assert is_outdated(life.episode, life.clock() - CLOCK_TOLERANCE - timedelta(microseconds=1))
    assert not is_outdated(life.episode, life.clock() - CLOCK_TOLERANCE)


def test_grouped_events_and_acknowledgements_outdate_no_act():
    life = Life(config(PAGE))
    life.fire()
    first = life.episode.alerted_at
    life.clock.advance(minutes=2)
    life.fire()
    life.acknowledge()
    assert life.episode.alerted_at == first


def test_episode_without_the_time_of_its_alarm_has_that_of_its_start():
    life = Life(config(PAGE))
    life.fire()
    earlier = replace(life.episode, alerted_at=None)
    assert is_outdated(earlier, life.clock() - timedelta(seconds=2))
    assert not is_outdated(earlier, life.clock())


@pytest.mark.parametrize("severity", ["INFO", "ERROR"])
def test_event_at_the_end_of_time_is_accepted(severity):
    life, last = Life(config(PAGE)), "9999-12-31T23:59:59.999999Z"
    life.fire(severity=severity, at=last)
    assert life.episode.due_at is None or life.episode.due_at <= last
    life.acknowledge()
    life.fire(severity=severity, at=last)
    assert life.wait(minutes=20) == []
    life.resolve()
    assert life.episode.state == "resolved"


def test_acknowledgement_stops_escalation_and_spares_its_origin():
    life = Life(config((PAGE, CHAT), CHAT))
    life.fire()
    assert life.acknowledge(origin="page") == [("acknowledge", "chat", "pending")]
    assert (life.episode.state, life.episode.due_at) == ("acknowledged", None)
    assert life.wait(minutes=60) == []
    assert life.acknowledge() == []


def test_resolution_reaches_channels_with_a_trigger_sent_or_on_its_way():
    life = Life(config((PAGE, CHAT)))
    life.fire()
    first, second = life.notices
    life.notices = (replace(first, state="failed"), second)
    assert life.resolve() == [("resolve", "chat", "pending")]
    assert life.resolve() == []


def test_event_after_a_resolution_opens_the_next_number():
    life = Life(config(PAGE))
    life.fire()
    life.resolve()
    life.clock.advance(minutes=11)
    assert life.fire() == [("trigger", "page", "pending")]
    assert (life.episode.number, life.episode.count, life.new[0].sequence) == (2, 1, 1)


def test_event_soon_after_a_resolution_reopens_the_same_number():
    life = Life(config(PAGE, CHAT))
    life.fire()
    life.deliver()
    life.resolve()
    life.clock.advance(minutes=9)
    assert life.fire() == [("trigger", "page", "pending")]
    assert (life.episode.number, life.episode.flaps, life.episode.count) == (1, 1, 2)
    assert life.resolve() == [("resolve", "page", "pending")]


def test_clear_event_resolves_and_an_older_one_does_not():
    life = Life(config(PAGE))
    life.fire()
    life.clear(at="2026-03-01T11:59:00.000000Z")
    assert life.episode.state == "firing"
    assert life.clear() == [("resolve", "page", "pending")]
    assert life.episode.state == "resolved"


def test_clear_event_that_overtakes_its_alert_resolves_it_on_arrival():
    life = Life(config(PAGE))
    life.clear(at="2026-03-01T12:00:01.000000Z")
    assert life.episode.number == 0
    assert life.fire(at="2026-03-01T12:00:00.000000Z") == []
    assert (life.episode.number, life.episode.state, life.episode.count) == (1, "resolved", 1)
    life.fire(at="2026-03-01T12:00:02.000000Z")
    assert (life.episode.state, life.episode.flaps) == ("firing", 1)


def test_quiet_info_episode_is_resolved_after_a_day():
    life = Life(config())
    life.fire(severity="INFO")
    life.clock.advance(hours=23)
    life.fire(severity="INFO")
    life.wait(hours=2)
    assert life.episode.state == "firing"
    life.wait(hours=22)
    assert (life.episode.state, life.episode.resolved_by) == ("resolved", "quiet")


def test_raised_and_cleared_alerts_of_tenants_wait_for_the_bus():
    life = Life(config(PAGE))
    life.fire()
    life.resolve()
    assert [each.kind for each in life.episode.unpublished] == ["alerts.raised", "alerts.cleared"]
    operators = Life(config(PAGE, tenant_id=OPERATORS))
    operators.fire()
    assert operators.episode.unpublished == ()
