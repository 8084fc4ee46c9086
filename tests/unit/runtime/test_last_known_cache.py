"""A cache returns fresh values, last known values for a limited time, and then the error of the store."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from threading import Event, Semaphore

import pytest

from tests.support.fakes.caches import CacheReports
from tests.support.fakes.clock import Clock
from vigil.errors import NotFound, Unavailable
from vigil.runtime.last_known_cache import CacheRules, LastKnownCache

RULES = CacheRules(timedelta(seconds=60), stale_for=timedelta(seconds=3600), retry=timedelta(seconds=10))


class Store:
    """A store with one value, which can be away."""

    def __init__(self):
        self.value, self.problem, self.reads = "first", None, 0

    def read(self):
        self.reads += 1
        if self.problem:
            raise self.problem
        return self.value


class World:
    def __init__(self, rules=RULES, **more):
        self.clock, self.reports, self.store = Clock(), CacheReports(), Store()
        self.cache = LastKnownCache("things", rules, self.clock, self.reports, **more)

    def get(self, key="one"):
        return self.cache.get(key, self.store.read)

    def fail(self):
        self.store.problem = Unavailable("The store did not answer.")


@pytest.fixture
def world():
    return World()


def test_a_value_is_read_once_per_time_to_live(world):
    for _ in range(60):
        assert world.get() == "first"
        world.clock.advance(seconds=1)
    assert world.store.reads == 1
    world.store.value = "second"
    assert world.get() == "second"


def test_last_known_value_is_returned_until_it_is_too_old(world):
    world.get()
    world.fail()
    answers = []
    for _ in range(4 * 1200):
        world.clock.advance(seconds=1)
        try:
            answers.append(world.get())
        except Unavailable:
            break
    assert answers == ["first"] * (60 + 3600 - 1), "fresh for 60 s and stale for 3,600 s"
    assert world.store.reads <= 1 + 3600 // 10 + 1, "one read per pause"
    with pytest.raises(Unavailable, match=r"^The store did not answer\.$"):
        world.get()


def test_a_failed_read_is_repeated_after_the_pause_only(world):
    world.get()
    world.fail()
    world.clock.advance(seconds=60)
    for _ in range(10):
        world.get()
        world.clock.advance(seconds=1)
    assert world.store.reads == 2
    world.store.problem, world.store.value = None, "second"
    assert world.get() == "second"
    assert world.reports.failed == [("things", True)]
    assert world.reports.stale == ["things"] * 10


def test_an_unknown_value_is_unavailable_during_the_pause(world):
    world.fail()
    for _ in range(5):
        with pytest.raises(Unavailable, match=r"^The store did not answer\.$"):
            world.get()
    assert (world.store.reads, world.reports.failed) == (1, [("things", False)])
    with pytest.raises(Unavailable):
        world.get("two")
    assert world.store.reads == 2, "the pause is one of its key"


def test_without_stale_time_a_value_ends_with_its_time_to_live():
    world = World(CacheRules(timedelta(seconds=30)))
    world.get()
    world.fail()
    world.clock.advance(seconds=29)
    assert world.get() == "first"
    world.clock.advance(seconds=1)
    with pytest.raises(Unavailable):
        world.get()


def test_the_age_counts_from_the_start_of_a_read(world):
    def read_slowly():
        world.clock.advance(seconds=20)
        return "slow"

    world.cache.get("one", read_slowly)
    world.clock.advance(seconds=40)
    assert world.get() == "first"


def test_a_value_that_ages_out_during_a_failed_read_is_not_used(world):
    def fail_slowly():
        world.clock.advance(seconds=2)
        raise Unavailable("The store did not answer.")

    world.get()
    world.clock.advance(seconds=3659)
    with pytest.raises(Unavailable):
        world.cache.get("one", fail_slowly)


def test_an_answer_of_the_store_removes_the_value(world):
    world.get()
    world.clock.advance(seconds=60)
    world.store.problem = NotFound("It is gone.")
    with pytest.raises(NotFound):
        world.get()
    world.fail()
    with pytest.raises(Unavailable):
        world.get()


def test_an_expired_value_is_read_again_or_stays_in_use(world):
    world.get()
    world.store.value = "second"
    world.cache.expire("one")
    assert world.get() == "second"
    world.fail()
    world.cache.expire("one")
    assert world.get() == "second"


def test_a_write_ends_the_pause_after_a_failure(world):
    world.fail()
    with pytest.raises(Unavailable):
        world.get()
    world.store.problem = None
    world.cache.expire("one")
    assert world.get() == "first"


def test_cleared_values_are_never_returned(world):
    world.get()
    world.cache.clear()
    world.fail()
    with pytest.raises(Unavailable):
        world.get()


def test_a_read_that_overlaps_with_a_write_is_repeated(world):
    def read_before_the_write():
        world.cache.expire("one")
        return "old"

    assert world.cache.get("one", read_before_the_write) == "old"
    assert world.get() == "first"


def test_a_value_that_is_not_kept_is_read_on_every_call():
    world = World(is_kept=bool)
    world.store.value = ""
    for _ in range(3):
        assert world.get() == ""
    assert world.store.reads == 3


def test_no_value_is_returned_after_the_clock_was_set_back(world):
    world.get()
    world.clock.advance(hours=-1)
    world.store.value = "second"
    assert world.get() == "second"
    world.clock.advance(hours=-1)
    world.fail()
    with pytest.raises(Unavailable):
        world.get()


@contextmanager
def held_read(world, threads):
    """Read "second" in one thread of a pool, and hold the read until `end` is called. Yield both."""
    started, may_end = Event(), Event()

    def read():
        world.store.reads += 1
        started.set()
        assert may_end.wait(30)
        return "second"

    with ThreadPoolExecutor(threads) as pool:
        reader = pool.submit(world.cache.get, "one", read)
        assert started.wait(30)
        try:
            yield pool, may_end.set
        finally:
            may_end.set()
        assert reader.result(30) == "second"


@pytest.mark.parametrize("age", [None, timedelta(seconds=60), timedelta(seconds=3659)])
def test_one_thread_reads_and_the_others_wait_for_its_value(age):
    arrived = Semaphore(0)
    world = World(replace(RULES, wait=timedelta(seconds=30)))
    if age is not None:
        world.get()
        world.clock.advance(seconds=age.total_seconds())
    before = world.store.reads
    with held_read(world, 8) as (pool, end):

        def get():
            arrived.release()
            return world.cache.get("one", world.store.read)

        waiting = [pool.submit(get) for _ in range(7)]
        assert all(arrived.acquire(timeout=30) for _ in waiting)
        end()
        assert [each.result(30) for each in waiting] == ["second"] * 7
    assert world.store.reads == before + 1
    assert world.reports.stale == []


def test_a_value_after_the_longest_wait_is_noted_as_stale():
    world = World(replace(RULES, wait=timedelta(0)))
    world.get()
    world.clock.advance(seconds=60)
    with held_read(world, 1):
        assert world.get() == "first"
        assert world.reports.stale == ["things"]
        world.clock.advance(seconds=3600)
        with pytest.raises(Unavailable, match=r"still being read; try again\.$"):
            world.get()
    assert world.store.reads == 2


@pytest.mark.parametrize("age", [30, 31, 3600])
def test_a_value_without_stale_time_never_outlives_it_during_a_read(age):
    world = World(CacheRules(timedelta(seconds=30), wait=timedelta(0)))
    world.get()
    world.clock.advance(seconds=age)
    with held_read(world, 1), pytest.raises(Unavailable):
        world.get()


def test_every_use_without_time_to_live_reads_in_turn():
    world = World(CacheRules(timedelta(0), stale_for=timedelta(seconds=3600), wait=timedelta(seconds=30)))
    world.get()
    world.store.value = "third"
    with held_read(world, 4) as (pool, end):
        waiting = [pool.submit(world.get) for _ in range(3)]
        end()
        assert [each.result(30) for each in waiting] == ["third"] * 3
    assert (world.store.reads, world.reports.stale) == (5, [])


def test_a_slow_read_of_one_key_does_not_delay_another(world):
    started, may_end = Event(), Event()

    def read():
        started.set()
        assert may_end.wait(30)
        return "slow"

    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(world.cache.get, "one", read)
        assert started.wait(30)
        assert world.get("two") == "first"
        may_end.set()
        assert slow.result(30) == "slow"
