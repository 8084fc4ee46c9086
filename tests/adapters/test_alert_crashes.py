"""Alerts on DynamoDB while the process ends at each call of the database, of the queue and of the bus."""

from collections import Counter

import pytest

from tests.support.alert_worlds import Crashing
from tests.support.fakes.access import Crash, Crasher
from tests.support.fakes.alerts import FakeBus, FakeConfigs, FakeNoticeQueue, config, event
from tests.support.fakes.clock import Clock
from vigil.alerting.alerts.statistics_model import unbalanced
from vigil.alerting.episodes.changes_service import EpisodeChanges
from vigil.alerting.episodes.intake_service import AlertIntake
from vigil.alerting.episodes.service import Alerts
from vigil.alerting.episodes.store import DynamoEpisodes
from vigil.kernel.time import format_timestamp

HOUR = "2026-03-01T12"


class Deployment:
    """Alerts on a table, with ports that can end the process."""

    def __init__(self, client):
        self.crasher, self.clock, self.bus = Crasher(), Clock(), FakeBus()
        store = DynamoEpisodes(Crashing(client, self.crasher), "alerts")
        queue, bus = Crashing(FakeNoticeQueue(), self.crasher), Crashing(self.bus, self.crasher)
        configs = FakeConfigs(config("channel:page", "channel:chat"))
        changes = EpisodeChanges(store, configs, queue, bus, self.clock, lambda _: None)
        self.store, self.intake, self.alerts = store, AlertIntake(changes), Alerts(store, changes, self.clock)

    def crash_at_each_call(self, work):
        """Run work again and again, each time ending at a later call, until it ends by itself; return the number."""
        for at in range(1, 100):
            self.crasher.left = at
            try:
                work()
            except Crash:
                continue
            self.crasher.left = 0
            return at
        raise AssertionError("the work never ends")


@pytest.fixture
def deployed(dynamodb):
    return Deployment(dynamodb)


def test_life_of_an_alert_survives_a_crash_at_each_call(deployed):
    fingerprint, later = event().fingerprint, "2026-03-01T12:00:01.000000Z"
    alert = f"alr-{fingerprint}-1"
    rounds = [
        deployed.crash_at_each_call(lambda: deployed.intake.accept(event(1, severity="WARNING"))),
        deployed.crash_at_each_call(lambda: deployed.intake.accept(event(2, severity="WARNING"))),
        deployed.crash_at_each_call(lambda: deployed.intake.accept(event(3, severity="CRITICAL"))),
        deployed.crash_at_each_call(lambda: deployed.alerts.tick("acme", fingerprint)),
        deployed.crash_at_each_call(lambda: deployed.alerts.acknowledge("acme", alert, "key-1")),
        deployed.crash_at_each_call(lambda: deployed.intake.accept(event(4, at=later, is_cleared=True))),
        deployed.crash_at_each_call(lambda: deployed.alerts.tick("acme", fingerprint)),
    ]
    assert all(number > 2 for number in rounds)
    detail = deployed.alerts.get("acme", alert)
    assert (detail.episode.count, detail.episode.state, detail.episode.unpublished) == (3, "resolved", ())
    assert [notice.action for notice in detail.notices] == ["trigger", "trigger", "acknowledge", "resolve"]
    assert set(Counter(each.event_id for each in deployed.bus.published)) == {
        f"{alert}-0.alerts.raised",
        f"{alert}-0.alerts.cleared",
    }
    counts = deployed.store.statistics("acme", HOUR, HOUR)
    assert sum(counted["raised"] for counted in counts.values()) == 3
    assert sum(unbalanced(counted).get("notices", 0) for counted in counts.values()) == 4
    assert all("events" not in unbalanced(counted) for counted in counts.values())


def test_escalation_survives_a_crash_at_each_call(deployed):
    deployed.intake.accept(event())
    for minutes in (15, 15):
        deployed.clock.advance(minutes=minutes)
        deployed.crash_at_each_call(lambda: deployed.alerts.tick("acme", event().fingerprint))
    detail = deployed.alerts.get("acme", f"alr-{event().fingerprint}-1")
    assert [notice.channel for notice in detail.notices] == ["page", "chat", "operators"]
    assert detail.episode.due_at is None


def test_fifty_repeats_of_each_event_count_once(deployed):
    for number in range(10):
        at = format_timestamp(deployed.clock())
        for _ in range(5):
            deployed.intake.accept(event(number, at=at))
    assert deployed.store.load("acme", event().fingerprint).count == 10
