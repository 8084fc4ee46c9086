"""Intake and changes of alerts: races, repeated events, crashes, and a queue or a bus that is away."""

import json
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from tests.support.alert_worlds import AlertWorld
from tests.support.fakes.alerts import config, event
from tests.support.fakes.notices import notice
from vigil.alerting.alerts.statistics_model import unbalanced
from vigil.alerting.episodes.changes_service import MAX_ATTEMPTS
from vigil.alerting.episodes.escalation_model import Situation
from vigil.alerting.episodes.model import acknowledge, resolve
from vigil.alerting.notices.model import FollowUp
from vigil.errors import Conflict, NotFound
from vigil.kernel.tenants import OPERATORS
from vigil.kernel.time import format_timestamp

CONFIG = config("channel:page", "channel:chat")
CALLS = 24
"""Number of crash points that cover each call and each answer of one accepted event."""


@pytest.fixture
def world():
    return AlertWorld(CONFIG)


def let_a_rival(world, decision, alert):
    """Let another writer decide on an alert before the next write."""
    write = world.store.write
    stored = world.alerts.get("acme", alert)
    change = decision(stored.episode, "key-1", "", Situation(CONFIG, world.clock(), stored.notices))

    def raced(*arguments):
        world.store.write = write
        write("acme", change, format_timestamp(world.clock()), None, None)
        return write(*arguments)

    world.store.write = raced


def test_accepted_event_is_sent_and_published_once(world):
    accepted = world.intake.accept(event())
    assert (accepted.outcome, accepted.alert_id) == ("opened", f"alr-{event().fingerprint}-1")
    assert [notice.channel for notice in world.queue.sent] == ["page"]
    assert [each.kind for each in world.bus.published] == ["alerts.raised"]
    assert world.sweep() == world.queue.sent
    assert len(world.bus.published) == 1


def test_a_critical_notice_raises_the_open_alert_of_the_operators():
    world = AlertWorld(config("channel:page", tenant_id=OPERATORS))
    for number, severity in enumerate(["WARNING", "WARNING", "CRITICAL", "CRITICAL"], 1):
        ended = notice(number, channel="operators", severity=severity)
        outcome = world.intake.accept(FollowUp("escalated", ended).operators_event()).outcome
        assert outcome == ("opened" if number == 1 else "grouped")
    assert [each.severity for each in world.queue.sent] == ["WARNING", "CRITICAL"]


def test_repeated_event_has_no_effect(world):
    first = world.intake.accept(event())
    for _ in range(3):
        repeated = world.intake.accept(event())
        assert (repeated.alert_id, repeated.outcome) == (first.alert_id, "unchanged")
    assert len(world.queue.sent) == 1
    assert world.alerts.get("acme", first.alert_id).episode.count == 1


def test_event_that_loses_a_race_is_decided_again(world):
    alert = world.intake.accept(event()).alert_id
    let_a_rival(world, resolve, alert)
    world.clock.advance(minutes=1)
    later = event(2, at=format_timestamp(world.clock()), severity="CRITICAL")
    assert world.intake.accept(later).outcome == "opened"
    episode = world.alerts.get("acme", alert).episode
    assert (episode.state, episode.flaps, episode.count, episode.severity) == ("firing", 1, 2, "CRITICAL")


def test_race_that_never_ends_is_a_conflict(world):
    world.intake.accept(event())
    attempts = []
    world.store.write = lambda *arguments: attempts.append(arguments) or "stale"
    with pytest.raises(Conflict):
        world.intake.accept(event(2))
    assert len(attempts) == MAX_ATTEMPTS


def test_event_is_accepted_while_the_queue_is_away(world):
    world.queue.is_away = True
    assert world.intake.accept(event()).outcome == "opened"
    assert [notice.channel for notice in world.sweep()] == ["page"]


def test_event_for_the_bus_waits_while_the_bus_is_away(world):
    world.bus.is_away = True
    alert = world.intake.accept(event()).alert_id
    world.sweep()
    assert len(world.alerts.get("acme", alert).episode.unpublished) == 1
    world.bus.is_away = False
    world.sweep()
    assert [each.event_id for each in world.bus.published] == [f"{alert}-0.alerts.raised"]
    assert world.alerts.get("acme", alert).episode.unpublished == ()


def test_published_event_has_ids_and_no_counts_of_persons(world):
    world.intake.accept(event(facts=(("waiting", "12"),)))
    detail = json.loads(world.bus.published[0].detail)
    assert set(detail) == {
        *("event_id", "event_version", "occurred_at", "tenant_id", "alert_id", "event_type", "severity", "source"),
        *("title", "facts"),
    }
    assert detail["facts"] == {"waiting": "12"}


@pytest.mark.parametrize("at", range(1, CALLS))
def test_crash_during_intake_loses_and_doubles_nothing(world, at):
    rises = [event(1, severity="WARNING"), event(2, severity="CRITICAL")]
    world.intake.accept(rises[0])
    with world.crashing(at) as crashed:
        world.intake.accept(rises[1])
    if crashed:
        world.intake.accept(rises[1])  # SQS delivers the message again
    world.sweep()
    world.sweep()
    episode = world.alerts.get("acme", f"alr-{event().fingerprint}-1").episode
    assert (episode.count, episode.severity, episode.unpublished) == (2, "CRITICAL", ())
    notices = world.store.notices("acme", episode.fingerprint, 1)
    assert [(notice.sequence, notice.severity) for notice in notices] == [(1, "WARNING"), (2, "CRITICAL")]
    counts = [unbalanced(counted) for counted in world.store.counts.values()]
    assert counts == [{"notices": 1}, {"notices": 1}]


def test_intake_killed_after_its_write_is_finished_by_two_sweeps():
    random = Random(1)
    for number in range(200):
        world = AlertWorld(CONFIG)
        with world.crashing(random.randrange(1, CALLS)) as crashed:
            world.intake.accept(event(number))
        written = bool(world.store.current)
        world.clock.advance(minutes=1)
        world.sweep()
        world.clock.advance(minutes=1)
        pending = world.sweep()
        assert len(pending) == written
        assert {each.event_id for each in world.bus.published} == (
            {f"alr-{event().fingerprint}-1-0.alerts.raised"} if written else set()
        )
        assert written or crashed


@pytest.mark.parametrize("at", range(1, CALLS))
def test_crash_during_an_acknowledgement_changes_it_once(at):
    world = AlertWorld(CONFIG)
    alert = world.intake.accept(event()).alert_id
    with world.crashing(at):
        world.alerts.acknowledge("acme", alert, "key-1")
    detail = world.alerts.acknowledge("acme", alert, "key-2")
    assert detail.episode.state == "acknowledged"
    assert [notice.action for notice in detail.notices] == ["trigger", "acknowledge"]


@pytest.mark.parametrize("at", range(1, CALLS))
def test_crash_during_a_tick_escalates_once(at):
    world = AlertWorld(CONFIG)
    alert = world.intake.accept(event()).alert_id
    world.clock.advance(minutes=15)
    with world.crashing(at):
        world.alerts.tick("acme", event().fingerprint)
    world.alerts.tick("acme", event().fingerprint)
    assert [notice.channel for notice in world.alerts.get("acme", alert).notices] == ["page", "chat"]


@pytest.mark.parametrize(
    "name", ["alr-1", "", "alr-" + "0" * 24 + "-1", "vigil-globex-{fp}-1", "alr-{fp}-2", "alr-{fp}-0", "alr-{fp}-01"]
)
def test_unknown_alert_is_not_found(world, name):
    world.intake.accept(event())
    alert_id = name.replace("{fp}", event().fingerprint)
    for action in (world.alerts.acknowledge, world.alerts.resolve):
        with pytest.raises(NotFound):
            action("acme", alert_id, "key-1")
    with pytest.raises(NotFound):
        world.alerts.get("acme", alert_id)


def test_alert_is_found_by_the_key_of_its_incident(world):
    alert = world.intake.accept(event()).alert_id
    key = world.alerts.get("acme", alert).episode.dedup_key
    assert world.alerts.acknowledge("acme", key, "pagerduty", "page").episode.acknowledged_by == "pagerduty"
    with pytest.raises(NotFound):
        world.alerts.get("globex", key)


def test_person_acts_on_an_earlier_alert_without_effect(world):
    first = world.intake.accept(event()).alert_id
    world.alerts.resolve("acme", first, "key-1")
    world.clock.advance(minutes=30)
    second = world.intake.accept(event(2, at=format_timestamp(world.clock()))).alert_id
    assert second == f"alr-{event().fingerprint}-2"
    assert world.alerts.resolve("acme", first, "key-2").episode.resolved_by == "key-1"
    assert world.alerts.get("acme", second).episode.state == "firing"


def test_end_of_a_system_down_alert_notifies_the_inhibited_ones(world):
    down = event(1, type="system_down", source="scoring", severity="CRITICAL")
    world.intake.accept(down)
    slow = world.intake.accept(event(2, type="high_latency", source="scoring.api")).alert_id
    assert [notice.state for notice in world.alerts.get("acme", slow).notices] == ["inhibited"]
    world.clock.advance(minutes=5)
    world.sweep()
    world.intake.accept(replace(down, event_id="end", is_cleared=True, occurred_at=format_timestamp(world.clock())))
    for _ in range(3):
        world.clock.advance(minutes=1)
        world.sweep()
    assert [notice.state for notice in world.alerts.get("acme", slow).notices] == ["inhibited", "pending"]


def test_thousand_due_alerts_are_advanced_by_one_sweep(world):
    for number in range(1_000):
        world.intake.accept(event(number, source=f"queue.{number}"))
    world.clock.advance(minutes=15)
    started = world.clock()
    world.sweep()
    assert len([notice for notice in world.store.stored_notices.values() if notice.channel == "chat"]) == 1_000
    assert world.clock() - started <= timedelta(seconds=90)


def test_rise_that_meets_an_acknowledgement_is_not_swallowed(world):
    alert = world.intake.accept(event()).alert_id
    let_a_rival(world, acknowledge, alert)
    world.intake.accept(event(2, severity="CRITICAL"))
    episode = world.alerts.get("acme", alert).episode
    assert (episode.state, episode.severity) == ("firing", "CRITICAL")
    assert [notice.action for notice in world.alerts.get("acme", alert).notices] == [
        "trigger",
        "acknowledge",
        "trigger",
    ]
