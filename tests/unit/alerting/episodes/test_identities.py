"""Properties of alerts under events, people, time and deliveries in any order."""

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from hypothesis import settings, target
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.support.alert_worlds import FINAL, AlertWorld
from tests.support.fakes.alerts import config, event
from vigil.alerting.alerts.model import SEVERITIES
from vigil.alerting.alerts.statistics_model import unbalanced
from vigil.alerting.policies.model import Matcher, Silence
from vigil.kernel.time import format_timestamp

SOURCES = ("scoring", "scoring.api", "queue.work")
TYPES = ("work_stuck", "system_down", "high_latency")
CONFIGS = (
    config("channel:page", "channel:chat", repeats=1),
    config(("channel:page", "channel:chat")),
    config("channel:gone", "channel:page"),
    config(),
    config(channels=()),
    config(channels=(), has_contact=True),
)


class Alerting(RuleBasedStateMachine):
    """A tenant whose alerts are fired, cleared, taken, resolved, silenced and delivered at random."""

    @initialize(configured=st.sampled_from(CONFIGS))
    def begin(self, configured):
        self.world, self.events = AlertWorld(configured), 0
        self.sent, self.raised = {}, 0

    @rule(kind=st.sampled_from(TYPES), source=st.sampled_from(SOURCES), severity=st.sampled_from(SEVERITIES))
    def fire(self, kind, source, severity):
        self.events += 1
        self.raised += 1
        self._accept(self._event(type=kind, source=source, severity=severity))

    @rule(kind=st.sampled_from(TYPES), source=st.sampled_from(SOURCES))
    def clear(self, kind, source):
        self.events += 1
        self._accept(self._event(type=kind, source=source, is_cleared=True))

    @rule(choice=st.randoms())
    def repeat(self, choice):
        if self.sent:
            self.world.intake.accept(choice.choice(sorted(self.sent.values(), key=lambda each: each.event_id)))

    @rule(choice=st.randoms(), takes=st.booleans(), origin=st.sampled_from(["", "page"]))
    def act(self, choice, takes, origin):
        known = sorted(
            (each for each in self.world.store.current.values() if each.number), key=lambda each: each.alert_id
        )
        if known:
            episode = choice.choice(known)
            action = self.world.alerts.acknowledge if takes else self.world.alerts.resolve
            incident = (origin, episode.dedup_key)
            is_there = self.world.incidents.get(incident, "resolved") != "resolved"
            action("acme", episode.alert_id, "key-1", origin if is_there else "")
            if is_there and not takes:
                self.world.incidents[incident] = "resolved"

    @rule(minutes=st.integers(1, 40))
    def wait(self, minutes):
        self.world.clock.advance(minutes=minutes)
        self.world.sweep()

    @rule(holds_critical=st.booleans(), minutes=st.integers(1, 60))
    def silence(self, holds_critical, minutes):
        now = self.world.clock()
        ends = format_timestamp(now + timedelta(minutes=minutes))
        held = Silence("s", Matcher(), format_timestamp(now), ends, "r", "k", holds_critical)
        self.world.configs.by_tenant["acme"] = replace(self.world.configs.load("acme"), silences=(held,))

    @rule(choice=st.randoms(), fails=st.booleans())
    def deliver(self, choice, fails):
        if pending := self.world.pending():
            notice = choice.choice(pending)
            self.world.deliver(notice, fails=fails and notice.action != "resolve")

    @invariant()
    def the_counts_are_balanced(self):
        if not hasattr(self, "world"):
            return
        counts = [unbalanced(counted) for counted in self.world.store.counts.values()]
        assert all("events" not in differences for differences in counts)
        assert sum(each.get("notices", 0) for each in counts) == len(self.world.pending())
        assert sum(counted["raised"] for counted in self.world.store.counts.values()) == self.raised

    @invariant()
    def critical_alerts_are_not_inhibited(self):
        if hasattr(self, "world"):
            held = [each for each in self.world.store.stored_notices.values() if each.state == "inhibited"]
            assert all(each.severity != "CRITICAL" for each in held)

    @invariant()
    def every_open_alert_has_a_notice(self):
        if hasattr(self, "world"):
            for episode in self.world.store.current.values():
                if episode.state == "firing":
                    notices = self.world.store.notices("acme", episode.fingerprint, episode.number)
                    assert any(notice.action == "trigger" for notice in notices)

    def teardown(self):
        if not hasattr(self, "world"):
            return
        for episode in list(self.world.store.current.values()):
            if episode.number:
                self.world.alerts.resolve("acme", episode.alert_id, "key-1")
        deliver_all(self.world, Random(0))
        assert set(self.world.incidents.values()) <= {"resolved"}
        target(float(len(self.world.store.stored_notices)))

    def _event(self, **more):
        return event(self.events, at=format_timestamp(self.world.clock()), **more)

    def _accept(self, fired):
        if not fired.is_cleared:
            self.sent[fired.event_id] = fired
        self.world.intake.accept(fired)


def deliver_all(world, random):
    """Deliver every notice in a random order until all are final."""
    for _ in range(200):
        pending = world.pending()
        if not pending:
            return
        random.shuffle(pending)
        for notice in pending:
            world.deliver(notice)
    raise AssertionError("a notice waits for ever")


TestAlerting = Alerting.TestCase
TestAlerting.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)


@pytest.mark.parametrize("seed", range(20))
def test_shuffled_events_and_notices_leave_no_open_incident(seed):
    random = Random(seed)
    for _ in range(50):
        world = AlertWorld(config(("channel:page", "channel:chat")))
        start = world.clock()
        events = [event(n, at=format_timestamp(start + timedelta(seconds=n)), is_cleared=n == 5) for n in range(1, 6)]
        world.clock.advance(seconds=10)
        random.shuffle(events)
        for fired in events:
            world.intake.accept(fired)
            if random.random() < 0.5 and world.pending():
                world.deliver(random.choice(world.pending()))
            if random.random() < 0.2 and world.store.current:
                (current,) = world.store.current.values()
                if current.number:
                    world.alerts.acknowledge("acme", current.alert_id, "key-1")
        deliver_all(world, random)
        (episode,) = world.store.current.values()
        assert episode.state == "resolved"
        assert set(world.incidents.values()) <= {"resolved"}
        assert all(notice.state in FINAL for notice in world.store.stored_notices.values())
