"""Rounds of all tenants: each has its turn once, whatever fails, dies, or runs twice at once."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fakes.clock import Clock
from tests.support.fakes.sweeps import FakeJob, FakePlaces, FakeTenants
from vigil.errors import Conflict, Unavailable
from vigil.workers.sweeps.model import Run
from vigil.workers.sweeps.service import HANDFUL, MOST_LEFT, Rounds


class Killed(BaseException):
    """The process ended: there is no handler for that."""


class World:
    """A job, its tenants, and a clock on which each look takes a second."""

    def __init__(self, count=60):
        self.names = [f"tenant-{number:05d}" for number in range(count)]
        self.tenants, self.places, self.clock = FakeTenants(*self.names), FakePlaces(), Clock()
        self.job = FakeJob(self._look)
        self.broken, self.deadly, self.blamed = {}, set(), []

    def _look(self, tenant_id):
        self.clock.advance(seconds=1)
        if tenant_id in self.deadly:
            raise Killed
        if tenant_id in self.broken:
            raise self.broken[tenant_id]

    def rounds(self, places=None):
        """Return the service, new for each run as in a new process."""
        return Rounds(self.tenants, self.job, places or self.places, self.clock)

    def run(self, seconds=10**6, places=None):
        end = self.clock.now + timedelta(seconds=seconds)
        return self.rounds(places).run(lambda: self.clock.now < end, lambda *what: self.blamed.append(what))

    def to_the_end(self, seconds=10**6, most=10_000):
        """Run again and again until the round is over, whatever a run dies of; return how many runs it took."""
        for runs in range(1, most):
            try:
                self.run(seconds)
            except Killed:
                continue
            if self.places.place.over:
                return runs
        raise AssertionError("the round does not end")


@pytest.fixture
def world():
    return World()


def test_a_round_is_one_turn_for_each_tenant_in_order_and_then_nothing_is_due(world):
    assert world.run() == Run(tenants=60, failed=0, did={"told": 120}, lost=0, open_since=None)
    assert world.job.seen == world.names
    assert world.run() == Run(tenants=0, failed=0, did={}, lost=0, open_since=None)
    world.job.next = "two"
    assert world.run().tenants == 60


def test_thousands_of_tenants_have_one_turn_each_in_runs_that_are_short_for_them():
    world = World(5_000)
    assert world.to_the_end(seconds=890) == 6
    assert set(world.job.finished.values()) == {1}
    assert len(world.job.seen) == 5_000
    assert world.places.kept < 5_000 / HANDFUL + 10


def test_a_run_ends_the_round_at_hand_before_it_begins_another(world):
    world.run(seconds=40)
    world.job.next = "two"
    assert world.run(seconds=50).tenants == 50
    assert world.job.seen == world.names + world.names[:30]
    assert world.places.place.name == "two"


def test_a_run_without_time_leaves_everything_as_it_was(world):
    world.run(seconds=10)
    place = world.places.place
    assert world.run(seconds=0).tenants == 0
    assert (world.places.place.after, world.places.place.left) == (place.after, ())


def test_who_comes_and_goes_disturbs_nobody(world):
    world.run(seconds=30)
    world.tenants.ids -= set(world.names[25:35])
    world.tenants.ids |= {"tenant-00000-b", "tenant-00040-b"}
    world.run()
    assert world.job.seen == [*world.names[:30], *world.names[35:41], "tenant-00040-b", *world.names[41:]]


@pytest.mark.parametrize("error", [Unavailable("away"), Conflict("leaving"), KeyError("a bug")])
def test_who_fails_stops_nobody_and_has_another_turn_when_others_had_theirs_in_a_later_run(world, error):
    world.broken = {world.names[3]: error}
    run = world.run()
    assert (run.tenants, run.failed, run.did) == (60, 1, {"told": 118})
    assert world.blamed == [(world.names[3], error)]
    assert not world.places.place.over
    world.broken = {}
    assert (world.run().tenants, world.places.place.over) == (1, True)
    assert set(world.job.finished.values()) == {1}


def test_who_fails_twice_is_given_up_and_told_and_the_next_round_begins_anew(world):
    world.broken = {world.names[3]: KeyError("a bug")}
    assert [world.run().lost for _ in range(3)] == [0, 1, 0]
    world.job.next, world.broken = "two", {}
    assert (world.run().tenants, world.places.place.lost) == (60, 0)


def test_a_tenant_who_kills_every_run_costs_two_runs_and_the_others_nothing(world):
    world.deadly = {world.names[30]}
    assert world.to_the_end() == 3  # it dies, goes on behind and dies again, and ends
    assert [name for name in world.names if not world.job.finished["one", name]] == [world.names[30]]
    assert world.places.place.lost == 1


def test_while_very_many_fail_nobody_else_is_tried_until_they_had_another_turn():
    world = World(MOST_LEFT + 200)
    world.broken = dict.fromkeys(world.names[:-100], Unavailable("away"))
    assert world.run().tenants <= MOST_LEFT + HANDFUL
    assert len(world.places.place.left) <= MOST_LEFT + HANDFUL
    world.broken = {}
    world.to_the_end()
    assert {world.job.finished["one", name] for name in world.names} == {1}


class Dying(FakePlaces):
    """Places whose process dies before or after the n-th write."""

    def __init__(self, places, at, *, before):
        super().__init__()
        self.places, self.left, self.before = places, at, before

    def last(self):
        return self.places.last()

    def keep(self, place):
        self.left -= 1
        if self.left == 0 and self.before:
            raise Killed
        kept = self.places.keep(place)
        if self.left == 0:
            raise Killed
        return kept


@given(st.integers(1, 5), st.booleans(), st.integers(1, 130), st.integers(10, 100))
def test_a_run_that_dies_at_any_call_leaves_nobody_out(write, before, look, seconds):
    """It dies once at a write, once in a look, and every run is short. Who was there both times is counted as lost."""
    world = World(100)
    with pytest.raises(Killed):
        world.run(10**6, Dying(world.places, write, before=before))
    looks = iter(range(1, 10**6))
    calm = world.job.during
    world.job.during = lambda tenant: calm(tenant) if next(looks) != look else die()
    world.to_the_end(seconds)
    left_out = [name for name in world.names if not world.job.finished["one", name]]
    assert len(left_out) <= world.places.place.lost <= 1
    assert sum(world.job.finished.values()) <= 100 + 2 * HANDFUL


def die():
    raise Killed


@given(st.integers(0, 99))
def test_of_two_runs_at_once_one_gives_way(at):
    """The other makes a whole run while this one is at a tenant."""
    world = World(100)
    calm = world.job.during

    def meeting(tenant_id):
        if tenant_id == world.names[at]:
            world.job.during = calm
            world.run()
        calm(tenant_id)

    world.job.during = meeting
    world.run()
    world.job.during = calm
    world.to_the_end()
    assert {world.job.finished["one", name] >= 1 for name in world.names} == {True}
    assert sum(world.job.finished.values()) <= 100 + HANDFUL


def test_a_round_that_takes_longer_than_its_job_has_patience_is_late(world):
    run = world.run(seconds=10)
    assert not world.rounds().is_late(run)
    world.clock.advance(hours=1)
    run = world.run(seconds=10)
    assert world.rounds().is_late(run)
    run = world.run()
    assert (run.open_since, world.rounds().is_late(run)) == (None, False)
