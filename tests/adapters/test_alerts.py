"""The contract of the episode store, for the fake and for DynamoDB."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.fakes.alerts import FakeEpisodeStore, config, event
from tests.support.fakes.clock import Clock
from vigil.alerting.alerts.statistics_model import unbalanced
from vigil.alerting.episodes.escalation_model import Situation
from vigil.alerting.episodes.listing_model import AlertFilter
from vigil.alerting.episodes.model import acknowledge, clear, count_only, fire, resolve
from vigil.alerting.episodes.store import DynamoEpisodes
from vigil.kernel.time import format_timestamp

CONFIG = config("channel:page", "channel:chat")
HOUR = "2026-03-01T12"


@pytest.fixture(params=["fake", "dynamodb"])
def episodes(request):
    if request.param == "fake":
        return FakeEpisodeStore()
    return DynamoEpisodes(request.getfixturevalue("aws")("dynamodb"), "alerts")


class Writer:
    """Decides with the stored state and writes the decision."""

    def __init__(self, store):
        self.store, self.clock = store, Clock()

    def fire(self, number=1, **more):
        fired = event(number, **({"at": self.now} | more))
        current = self.store.load(fired.tenant_id, fired.fingerprint)
        change = count_only(current, fired) or fire(current, fired, self.situation(current))
        return self.write(change, fired, current)

    def act(self, decision, **more):
        current = self.store.load("acme", event(**more).fingerprint)
        return self.write(decision(current, "key-1", "", self.situation(current)), None, None)

    def write(self, change, counted, seen_with):
        seen = seen_with.last_event_at if seen_with else None
        return self.store.write(change.episode.tenant_id, change, self.now, counted, seen)

    def situation(self, current):
        notices = self.store.notices(current.tenant_id, current.fingerprint, current.number) if current else ()
        return Situation(CONFIG, self.clock(), tuple(notices))

    @property
    def now(self):
        return format_timestamp(self.clock())


@pytest.fixture
def writer(episodes):
    return Writer(episodes)


FINGERPRINT = event().fingerprint


def test_episode_and_notices_are_read_back_complete(episodes, writer):
    labels, facts = (("region", "eu"),), (("count", "3"),)
    fired = event(labels=labels, facts=facts, link="https://vigil.example/1", correlation_id="req-1")
    change = fire(None, fired, writer.situation(None))
    assert writer.write(change, fired, None) == "written"
    assert episodes.load("acme", fired.fingerprint) == change.episode
    assert list(episodes.notices("acme", fired.fingerprint, 1)) == list(change.notices)
    assert episodes.load("globex", fired.fingerprint) is None
    assert list(episodes.notices("globex", fired.fingerprint, 1)) == []


def test_event_is_counted_once(episodes, writer):
    assert writer.fire() == "written"
    assert writer.fire() == "repeated"
    assert writer.fire(2) == "written"
    assert writer.fire(2) == "repeated"
    assert episodes.load("acme", FINGERPRINT).count == 2
    counts = episodes.statistics("acme", HOUR, HOUR)[HOUR, "ERROR"]
    assert (counts["raised"], counts["opened"], counts["grouped"], counts["intents"]) == (2, 1, 1, 1)


def test_event_of_a_request_is_remembered_for_a_day(episodes, writer):
    assert writer.fire(is_requested=True) == "written"
    writer.clock.advance(hours=24, seconds=-1)
    assert writer.fire(is_requested=True) == "repeated"
    writer.clock.advance(seconds=1)
    assert writer.fire(is_requested=True) == "written"


def test_event_of_a_queue_is_remembered_longer_than_its_messages(episodes, writer):
    assert writer.fire() == "written"
    writer.clock.advance(days=8, seconds=-1)
    assert writer.fire() == "repeated"
    writer.clock.advance(seconds=1)
    assert writer.fire() == "written"


def test_clear_event_at_the_end_of_time_is_stored(episodes, writer):
    cleared = event(is_cleared=True, at="9999-12-31T23:59:59.999999Z")
    assert writer.write(clear(None, cleared, writer.situation(None)), None, None) == "written"


def test_change_from_an_old_version_is_stale(episodes, writer):
    writer.fire()
    old = episodes.load("acme", FINGERPRINT)
    first = acknowledge(old, "key-1", "", writer.situation(old))
    second = resolve(old, "key-2", "", writer.situation(old))
    assert writer.write(first, None, None) == "written"
    assert writer.write(second, None, None) == "stale"
    assert episodes.load("acme", FINGERPRINT) == first.episode
    assert len(episodes.notices("acme", FINGERPRINT, 1)) == 2


def test_two_first_events_open_one_episode(episodes, writer):
    first, second = (fire(None, event(number), writer.situation(None)) for number in (1, 2))
    assert writer.write(first, event(1), None) == "written"
    assert writer.write(second, event(2), None) == "stale"
    assert len(episodes.notices("acme", FINGERPRINT, 1)) == 1


def test_counted_event_does_not_disturb_a_change_by_a_person(episodes, writer):
    writer.fire()
    old = episodes.load("acme", FINGERPRINT)
    writer.clock.advance(minutes=1)
    writer.fire(2)
    assert writer.write(acknowledge(old, "key-1", "", writer.situation(old)), None, None) == "written"
    stored = episodes.load("acme", FINGERPRINT)
    assert (stored.state, stored.count, stored.last_event_at) == ("acknowledged", 2, writer.now)


def test_event_that_arrives_late_keeps_the_time_of_the_last_one(episodes, writer):
    writer.fire()
    writer.fire(2, at="2026-03-01T11:00:00.000000Z")
    assert episodes.load("acme", FINGERPRINT).last_event_at == writer.now


def test_clear_event_is_stale_after_a_later_event(episodes, writer):
    writer.fire()
    old = episodes.load("acme", FINGERPRINT)
    cleared = clear(old, event(3, at="2026-03-01T12:00:30.000000Z", is_cleared=True), writer.situation(old))
    writer.clock.advance(minutes=1)
    writer.fire(2)
    assert writer.write(cleared, None, old) == "stale"
    assert episodes.load("acme", FINGERPRINT).state == "firing"


def test_grouping_is_stale_after_the_end_of_the_episode(episodes, writer):
    writer.fire()
    grouped = count_only(episodes.load("acme", FINGERPRINT), event(2, at=writer.now))
    writer.act(resolve)
    assert writer.write(grouped, event(2, at=writer.now), None) == "stale"
    assert episodes.load("acme", FINGERPRINT).count == 1


def test_next_number_keeps_the_earlier_episode(episodes, writer):
    writer.fire()
    writer.act(resolve)
    first = episodes.load("acme", FINGERPRINT)
    writer.clock.advance(minutes=30)
    writer.fire(2)
    assert episodes.load("acme", FINGERPRINT).number == 2
    assert episodes.load("acme", FINGERPRINT).count == 1
    assert episodes.load_number("acme", FINGERPRINT, 1) == replace(first, due_at=None, unpublished=())
    assert [each.number for each in episodes.page("acme", AlertFilter(is_open=False), None, 10).episodes] == [1]


def test_open_systems_are_known_while_they_are_down(episodes, writer):
    down = {"type": "system_down", "source": "scoring", "severity": "CRITICAL"}
    writer.fire(**down)
    assert list(episodes.sources_down("acme")) == ["scoring"]
    assert list(episodes.sources_down("globex")) == []
    writer.act(resolve, **down)
    assert list(episodes.sources_down("acme")) == []


def test_pages_are_contiguous_and_latest_first(episodes, writer):
    for number in range(5):
        writer.clock.advance(minutes=1)
        writer.fire(number, source=f"queue.{number}")
    writer.fire(9, tenant_id="globex")
    seen, after = [], None
    while True:
        page = episodes.page("acme", AlertFilter(), after, 2)
        seen.append([each.source for each in page.episodes])
        if (after := page.next) is None:
            break
    assert seen == [["queue.4", "queue.3"], ["queue.2", "queue.1"], ["queue.0"]]


def test_list_is_filtered_by_state_severity_and_type(episodes, writer):
    writer.fire(1)
    writer.fire(2, source="other", severity="WARNING")
    writer.fire(3, type="cost_threshold")
    writer.act(acknowledge)

    def listed(**wanted):
        return [each.source for each in episodes.page("acme", AlertFilter(**wanted), None, 10).episodes]

    assert sorted(listed()) == ["other", "queue.work", "queue.work"]
    assert listed(state="acknowledged") == ["queue.work"]
    assert listed(severity="WARNING") == ["other"]
    assert listed(type="cost_threshold", severity="WARNING") == []
    assert listed(is_open=False) == []


def test_statistics_are_per_hour_and_balanced_when_notices_are_final(episodes, writer):
    writer.fire()
    writer.clock.advance(hours=1)
    writer.fire(2, source="other", severity="CRITICAL")
    found = episodes.statistics("acme", HOUR, "2026-03-01T13")
    assert sorted(found) == [(HOUR, "ERROR"), ("2026-03-01T13", "CRITICAL")]
    assert unbalanced(found[HOUR, "ERROR"]) == {"notices": 1}
    assert sorted(episodes.statistics("acme", "2026-03-01T13", "2026-03-01T13")) == [("2026-03-01T13", "CRITICAL")]
    assert dict(episodes.statistics("globex", HOUR, HOUR)) == {}


def test_clear_event_before_its_alert_is_remembered_but_not_listed(episodes, writer):
    cleared = event(1, at=format_timestamp(writer.clock() + timedelta(seconds=1)), is_cleared=True)
    writer.write(clear(None, cleared, writer.situation(None)), None, None)
    assert episodes.page("acme", AlertFilter(is_open=False), None, 10).episodes == ()
    writer.fire(2)
    stored = episodes.load("acme", FINGERPRINT)
    assert (stored.number, stored.state, stored.count) == (1, "resolved", 1)
