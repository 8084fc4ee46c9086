"""A sweep processes every tenant once, even if tenants fail, runs are killed, or two runs are concurrent."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fakes.clock import Clock
from tests.support.fakes.sweeps import FakeCheckpointStore, FakeJob, FakeTenantIds
from vigil.errors import Conflict, Unavailable
from vigil.workers.sweeps.model import SweepSummary
from vigil.workers.sweeps.service import BATCH_SIZE, MAX_PENDING_RETRIES, TenantSweep


class Killed(BaseException):
    """The process was killed; no handler catches this."""


class World:
    """A job, its tenants, and a clock that advances by one second per tenant."""

    def __init__(self, count=60):
        self.names = [f"tenant-{number:05d}" for number in range(count)]
        self.tenants, self.store, self.clock = FakeTenantIds(*self.names), FakeCheckpointStore(), Clock()
        self.job = FakeJob(self._work)
        self.broken, self.deadly, self.failures = {}, set(), []

    def _work(self, tenant_id):
        self.clock.advance(seconds=1)
        if tenant_id in self.deadly:
            raise Killed
        if tenant_id in self.broken:
            raise self.broken[tenant_id]

    @property
    def checkpoint(self):
        return self.store.checkpoint

    def sweep(self, store=None):
        """Return the service, created for each run as in a new process."""
        return TenantSweep(self.tenants, self.job, store or self.store, self.clock)

    def run(self, seconds=10**6, store=None):
        end = self.clock.now + timedelta(seconds=seconds)
        return self.sweep(store).run(lambda: self.clock.now < end, lambda *failure: self.failures.append(failure))

    def run_to_the_end(self, seconds=10**6, max_runs=10_000):
        """Repeat runs until the sweep is finished, also after killed runs. Return the number of runs."""
        for runs in range(1, max_runs):
            try:
                self.run(seconds)
            except Killed:
                continue
            if self.checkpoint.is_finished:
                return runs
        raise AssertionError("the sweep does not end")


@pytest.fixture
def world():
    return World()


def test_a_sweep_processes_each_tenant_once_in_order(world):
    assert world.run() == SweepSummary(tenants=60, failed=0, counts={"told": 120}, lost=0, open_since=None)
    assert world.job.started == world.names
    assert world.run() == SweepSummary(tenants=0, failed=0, counts={}, lost=0, open_since=None)
    world.job.next = "two"
    assert world.run().tenants == 60


def test_short_runs_process_thousands_of_tenants_once():
    world = World(5_000)
    assert world.run_to_the_end(seconds=890) == 6
    assert set(world.job.finished.values()) == {1}
    assert len(world.job.started) == 5_000
    assert world.store.writes < 5_000 / BATCH_SIZE + 10


def test_a_run_finishes_the_open_sweep_before_it_starts_another(world):
    world.run(seconds=40)
    world.job.next = "two"
    assert world.run(seconds=50).tenants == 50
    assert world.job.started == world.names + world.names[:30]
    assert world.checkpoint.name == "two"


def test_a_run_without_time_left_changes_no_progress(world):
    world.run(seconds=10)
    before = world.checkpoint
    assert world.run(seconds=0).tenants == 0
    assert (world.checkpoint.after, world.checkpoint.pending_retries) == (before.after, ())


def test_tenants_that_come_and_go_do_not_affect_the_others(world):
    world.run(seconds=30)
    world.tenants.ids -= set(world.names[25:35])
    world.tenants.ids |= {"tenant-00000-b", "tenant-00040-b"}
    world.run()
    assert world.job.started == [*world.names[:30], *world.names[35:41], "tenant-00040-b", *world.names[41:]]


@pytest.mark.parametrize("error", [Unavailable("away"), Conflict("leaving"), KeyError("a bug")])
def test_a_failing_tenant_is_retried_in_a_later_run(world, error):
    world.broken = {world.names[3]: error}
    summary = world.run()
    assert (summary.tenants, summary.failed, summary.counts) == (60, 1, {"told": 118})
    assert world.failures == [(world.names[3], error)]
    assert not world.checkpoint.is_finished
    world.broken = {}
    assert (world.run().tenants, world.checkpoint.is_finished) == (1, True)
    assert set(world.job.finished.values()) == {1}


def test_a_tenant_that_fails_twice_is_lost_until_the_next_sweep(world):
    world.broken = {world.names[3]: KeyError("a bug")}
    assert [world.run().lost for _ in range(3)] == [0, 1, 0]
    world.job.next, world.broken = "two", {}
    assert (world.run().tenants, world.checkpoint.lost) == (60, 0)


def test_a_tenant_that_kills_every_run_costs_two_runs(world):
    world.deadly = {world.names[30]}
    assert world.run_to_the_end() == 3  # killed, killed again at the retry, finished
    assert [name for name in world.names if not world.job.finished["one", name]] == [world.names[30]]
    assert world.checkpoint.lost == 1


def test_at_the_maximum_of_pending_retries_no_tenant_is_added():
    world = World(MAX_PENDING_RETRIES + 200)
    world.broken = dict.fromkeys(world.names[:-100], Unavailable("away"))
    assert world.run().tenants <= MAX_PENDING_RETRIES + BATCH_SIZE
    assert len(world.checkpoint.pending_retries) <= MAX_PENDING_RETRIES + BATCH_SIZE
    world.broken = {}
    world.run_to_the_end()
    assert {world.job.finished["one", name] for name in world.names} == {1}


class DyingStore(FakeCheckpointStore):
    """A checkpoint store whose process is killed before or after the n-th write."""

    def __init__(self, store, at, *, before):
        super().__init__()
        self.store, self.writes_left, self.before = store, at, before

    def load(self):
        return self.store.load()

    def save(self, checkpoint):
        self.writes_left -= 1
        if self.writes_left == 0 and self.before:
            raise Killed
        is_saved = self.store.save(checkpoint)
        if self.writes_left == 0:
            raise Killed
        return is_saved


@given(st.integers(1, 5), st.booleans(), st.integers(1, 130), st.integers(10, 100))
def test_a_run_killed_at_any_call_omits_no_tenant(write, before, call, seconds):
    """One run is killed at a write, one at a tenant, and all runs are short. A tenant hit by both counts as lost."""
    world = World(100)
    with pytest.raises(Killed):
        world.run(10**6, DyingStore(world.store, write, before=before))
    calls = iter(range(1, 10**6))
    work = world.job.work
    world.job.work = lambda tenant: work(tenant) if next(calls) != call else die()
    world.run_to_the_end(seconds)
    omitted = [name for name in world.names if not world.job.finished["one", name]]
    assert len(omitted) <= world.checkpoint.lost <= 1
    assert sum(world.job.finished.values()) <= 100 + 2 * BATCH_SIZE


def die():
    raise Killed


@given(st.integers(0, 99))
def test_one_of_two_concurrent_runs_is_superseded(at):
    """The second run is completed while the first one processes a tenant."""
    world = World(100)
    work = world.job.work

    def work_during_another_run(tenant_id):
        if tenant_id == world.names[at]:
            world.job.work = work
            world.run()
        work(tenant_id)

    world.job.work = work_during_another_run
    world.run()
    world.job.work = work
    world.run_to_the_end()
    assert {world.job.finished["one", name] >= 1 for name in world.names} == {True}
    assert sum(world.job.finished.values()) <= 100 + BATCH_SIZE


def test_a_sweep_is_late_after_its_maximum_duration(world):
    summary = world.run(seconds=10)
    assert not world.sweep().is_late(summary)
    world.clock.advance(hours=1)
    summary = world.run(seconds=10)
    assert world.sweep().is_late(summary)
    summary = world.run()
    assert (summary.open_since, world.sweep().is_late(summary)) == (None, False)
