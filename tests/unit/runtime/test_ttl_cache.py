"""A TTL cache returns values until they expire or are evicted."""

from datetime import timedelta

import pytest

from tests.support.fakes.clock import Clock
from vigil.runtime.ttl_cache import TtlCache


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def cache(clock):
    return TtlCache(timedelta(seconds=30), clock, max_entries=3)


def test_a_value_is_returned_until_it_expires(cache, clock):
    cache.put("a", 1)
    clock.advance(seconds=29)
    assert cache.get("a") == 1
    clock.advance(seconds=1)
    assert (cache.get("a"), len(cache)) == (None, 0)


def test_value_expires_if_the_clock_is_set_back(cache, clock):
    cache.put("a", 1)
    clock.advance(seconds=-1)
    assert (cache.get("a"), len(cache)) == (None, 0)


def test_a_read_does_not_extend_the_time_to_live(cache, clock):
    cache.put("a", 1)
    for _ in range(3):
        clock.advance(seconds=10)
        cache.get("a")
    assert cache.get("a") is None


def test_a_full_cache_evicts_the_least_recently_used_value(cache):
    for key in "abc":
        cache.put(key, key)
    cache.get("a")
    cache.put("d", "d")
    assert [cache.get(key) for key in "abcd"] == ["a", None, "c", "d"]


def test_a_value_that_is_stored_again_is_the_last_to_be_evicted(cache):
    for key in "abca":
        cache.put(key, key)
    cache.put("d", "d")
    assert [cache.get(key) for key in "abcd"] == ["a", None, "c", "d"]


def test_values_can_be_discarded_one_by_one_or_all_at_once(cache):
    for key in "abc":
        cache.put(key, key)
    cache.discard("a")
    cache.discard("unknown")
    assert (cache.get("a"), len(cache)) == (None, 2)
    cache.clear()
    assert len(cache) == 0
