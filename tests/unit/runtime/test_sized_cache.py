"""The cache of values with sizes, and calls side by side."""

import threading
from contextvars import ContextVar

import pytest

from vigil.runtime.parallel import call_each
from vigil.runtime.sized_cache import SizedCache

served = ContextVar("served", default="nobody")


def cache(max_bytes=10):
    return SizedCache[str, str](max_bytes, len)


def test_a_full_cache_evicts_the_least_recently_used_values():
    found = cache()
    for key in ("a", "b"):
        found.put(key, key * 4)
    assert found.get("a") == "aaaa"
    found.put("c", "cccc")
    assert [found.get(key) for key in "abc"] == ["aaaa", None, "cccc"]
    assert found.size == 8


def test_a_value_replaces_the_earlier_one_and_its_size():
    found = cache()
    found.put("a", "aaaa")
    found.put("a", "a")
    assert (found.get("a"), found.size) == ("a", 1)


def test_a_value_above_the_limit_is_not_stored():
    found = cache()
    found.put("b", "b" * 6)
    found.put("a", "a" * 6)
    found.put("a", "a" * 11)
    assert (found.get("a"), found.get("b"), found.size) == (None, None, 0)


def test_missing_values_are_read_once_and_all_returned_in_order():
    found, reads = cache(), []
    found.put("b", "old")

    def read(key):
        reads.append(key)
        return key * 9

    assert found.get_all(["a", "b", "a", "c"], read) == ["a" * 9, "old", "a" * 9, "c" * 9]
    assert sorted(reads) == ["a", "c"]


def test_an_error_of_a_read_is_raised():
    with pytest.raises(ZeroDivisionError):
        cache().get_all(["a", "b"], lambda key: 1 // 0)


def test_calls_run_side_by_side_in_the_context_of_the_caller():
    barrier = threading.Barrier(4, timeout=10)

    def work(number):
        barrier.wait()
        return number, served.get()

    token = served.set("ten-a")
    assert call_each(work, range(4)) == [(number, "ten-a") for number in range(4)]
    served.reset(token)
    assert call_each(lambda number: number, []) == []
