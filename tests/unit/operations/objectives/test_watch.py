"""The watch publishes one event for each burn-rate alert that starts or ends, also after a crash or a lost race."""

import json

import pytest

from tests.support.fakes.measurements import FakeBurns
from vigil.alerting.sources.bus_model import bus_event
from vigil.bootstrap.measurements import watched_burns
from vigil.errors import NotFound, Unavailable
from vigil.operations.objectives.burns_model import CollectedSums
from vigil.operations.objectives.model import OBJECTIVES, RULES, Sums
from vigil.operations.objectives.service import Objectives, ObjectiveWatch
from vigil.operations.objectives.timeline_model import Timeline

END = 29_600_000
PAGING = {(name, rule.name) for name in ("availability", "score_latency") for rule in RULES if rule.is_page}


class World:
    """Sums of one objective, and the events that the watch publishes."""

    def __init__(self, objective="events", watched=None):
        self.objective, self.end, self.timeline = objective, END, Timeline()
        self.burns, self.told, self.failures = FakeBurns(), [], 0
        everything = {(name, rule.name) for name in OBJECTIVES for rule in RULES}
        self.watch = ObjectiveWatch(self.read, self.burns, self.publish, watched or everything)

    def read(self):
        return CollectedSums(self.end, {self.objective: self.timeline}) if self.timeline.hours else None

    def publish(self, event):
        if self.failures:
            self.failures -= 1
            raise Unavailable("The event bus did not accept the event; try again.")
        self.told.append((event.kind, json.loads(event.detail)["rule"], event.event_id))

    def pass_time(self, minutes, rate):
        """Let minutes with 1,000 units each pass."""
        points = {self.end + n: Sums(1_000, round(1_000 * rate)) for n in range(minutes)}
        self.end += minutes
        self.timeline = self.timeline.with_points(points)

    @property
    def kinds(self):
        return [(kind, rule) for kind, rule, _ in self.told]


@pytest.fixture
def world():
    return World()


def test_a_failure_is_told_once_and_its_end_once(world):
    assert world.watch.run() == 0  # before the first collection
    world.pass_time(60, 0)
    world.watch.run()
    world.pass_time(5, 0.5)
    assert world.watch.run() == 3
    assert world.watch.run() == 0
    assert world.kinds == [("objectives.missed", rule.name) for rule in RULES]
    world.pass_time(10, 0)
    world.watch.run()
    world.pass_time(30, 0)
    world.watch.run()
    assert world.kinds[3:] == [("objectives.met", "fast"), ("objectives.met", "slow")]


def test_sums_of_a_clock_that_was_ahead_are_replaced(world):
    world.pass_time(60, 0)
    world.end += 720
    world.watch.run()
    world.end -= 720
    world.pass_time(5, 0.5)
    assert world.watch.run() == 3
    assert world.burns.state.end == world.end


def test_a_refused_event_is_told_by_the_next_run_with_the_same_id(world):
    world.pass_time(60, 0.5)
    world.failures = 1
    with pytest.raises(Unavailable):
        world.watch.run()
    stored = [event.event_id for event in world.burns.state.untold]
    world.watch.run()
    assert [event_id for _, _, event_id in world.told] == stored
    assert world.burns.state.untold == ()


def test_a_run_that_loses_the_race_tells_nothing(world):
    world.pass_time(60, 0.5)
    load = world.burns.load

    def overtaken():
        state = load()
        world.burns.load = load
        world.watch.run()
        return state

    world.burns.load = overtaken
    assert world.watch.run() == 0
    assert len(world.told) == len(set(world.told)) == 3


@pytest.mark.parametrize(("stage", "left_to_cloudwatch"), [("prod", PAGING), ("local", set())])
def test_pages_of_cloudwatch_are_left_to_it(stage, left_to_cloudwatch):
    everything = {(name, rule.name) for name in OBJECTIVES for rule in RULES}
    assert everything - set(watched_burns(stage)) == left_to_cloudwatch


@pytest.mark.parametrize(
    ("objective", "alert"),
    [("availability", "high_error_rate"), ("score_latency", "high_latency"), ("events", "work_stuck")],
)
def test_events_raise_and_clear_one_alert_per_objective_and_rule(objective, alert):
    world, found = World(objective), []
    world.watch = ObjectiveWatch(world.read, world.burns, found.append, {(objective, "fast"), (objective, "ticket")})
    for minutes, rate in ((60, 0.5), (10, 0)):
        world.pass_time(minutes, rate)
        world.watch.run()
    events = [bus_event({"detail-type": event.kind, "detail": json.loads(event.detail)}) for event in found]
    assert [(each.type, each.severity, each.is_cleared) for each in events] == [
        (alert, "CRITICAL", False),
        (alert, "WARNING", False),
        (alert, "CRITICAL", True),
    ]
    assert {each.tenant_id for each in events} == {"_operators"}
    assert events[0].fingerprint == events[2].fingerprint != events[1].fingerprint


def test_few_units_of_a_rare_kind_still_count():
    world = World("critical_alerts")
    world.timeline = Timeline().with_points({END - 1: Sums(3, 1)})
    world.watch.run()
    assert world.told == []
    world.timeline = Timeline().with_points({END: Sums(3, 2)})
    world.end = END + 1
    world.watch.run()
    assert ("objectives.missed", "fast") in world.kinds


@pytest.mark.parametrize(("late", "is_told"), [(2, False), (3, True)])
def test_a_few_late_batches_a_day_raise_a_ticket(late, is_told):
    world = World("batches")
    points = {END - 1_200 * number - 1: Sums(1, 1) for number in range(late)}
    world.timeline = Timeline().with_points(points)
    world.watch.run()
    assert (("objectives.missed", "ticket") in world.kinds) is is_told
    assert len(world.kinds) == is_told


@pytest.mark.parametrize(("late", "rules"), [(2, []), (3, ["fast", "slow", "ticket"])])
def test_three_late_batches_of_an_hour_page(late, rules):
    world = World("batches")
    world.timeline = Timeline().with_points({END - 20 * number - 1: Sums(1, 1) for number in range(late)})
    world.watch.run()
    assert [rule for _, rule in world.kinds] == rules


def test_late_batches_of_yesterday_raise_no_ticket():
    world = World("batches")
    world.timeline = Timeline().with_points({END - 600 - number: Sums(1, 1) for number in range(9)})
    world.watch.run()
    assert world.told == []


def test_an_unknown_objective_is_not_found(world):
    with pytest.raises(NotFound):
        Objectives(world.read).get("uptime")
