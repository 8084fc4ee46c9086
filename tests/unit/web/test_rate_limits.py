"""The key limit is enforced, and the response headers state both limits correctly."""

from contextlib import suppress
from datetime import UTC, datetime
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.fakes.clock import Clock
from tests.support.fakes.limits import FakeCounters, FakeLeases
from tests.support.rate_limited_client import parse_items, simulate_client
from vigil.errors import RateLimited
from vigil.kernel.tenants import Limits
from vigil.runtime import telemetry
from vigil.web.principal import Principal
from vigil.web.rate_limit_headers import RequestCounts, headers, seconds_left
from vigil.web.rate_limits import MAX_CACHED_REJECTIONS, SharedRateLimiter
from vigil.web.request_leases import TenantLimiter


def caller(tenant="acme", key="k-1", per_minute=3, per_hour=5):
    return Principal(tenant, key, "FREE", "member", Limits(1000, per_minute, per_hour, 10, 10_000, 200_000))


def fields(found):
    return {name.decode(): value.decode() for name, value in found}


@pytest.fixture(autouse=True)
def facts():
    """The facts of the current request."""
    facts = telemetry.RequestFacts()
    telemetry.current.set(facts)
    return facts


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def counters():
    return FakeCounters()


@pytest.fixture
def leases():
    return FakeLeases()


@pytest.fixture
def limiter(counters, leases, clock):
    return SharedRateLimiter(counters, TenantLimiter(leases, clock), clock)


def rejected(limiter, who):
    with pytest.raises(RateLimited) as caught:
        limiter.count(who)
    return caught.value


def test_the_headers_name_both_limits_and_the_remaining_requests(limiter, clock):
    clock.advance(seconds=18)
    assert fields(limiter.count(caller(per_minute=60, per_hour=1000)).headers) == {
        "ratelimit-policy": '"minute";q=60;w=60, "hour";q=1000;w=3600, '
        '"tenant-minute";q=10000;w=60, "tenant-hour";q=200000;w=3600',
        "ratelimit": '"minute";r=59;t=42, "hour";r=999;t=3582, '
        '"tenant-minute";r=9999;t=42, "tenant-hour";r=199999;t=3582',
    }


def test_an_exhausted_minute_rejects_until_it_ends(limiter, clock):
    clock.advance(seconds=50.5)
    for _ in range(3):
        limiter.count(caller())
    refusal = rejected(limiter, caller())
    assert (refusal.policy, refusal.retry_after) == ("minute", 10)
    assert parse_items(fields(refusal.headers)["ratelimit"])["minute"] == {"r": 0, "t": 10}
    clock.advance(seconds=refusal.retry_after)
    assert parse_items(fields(limiter.count(caller()).headers)["ratelimit"])["minute"]["r"] == 2


def test_an_exhausted_hour_rejects_until_it_ends(limiter, clock):
    for minute in range(5):
        clock.advance(minutes=1 if minute else 0)
        limiter.count(caller())
    refusal = rejected(limiter, caller())
    assert (refusal.policy, refusal.retry_after) == ("hour", 56 * 60)
    clock.advance(minutes=10)
    again = rejected(limiter, caller())
    assert (again.policy, again.retry_after) == ("hour", 46 * 60)
    assert parse_items(fields(again.headers)["ratelimit"])["minute"]["r"] == 3  # the minute is not exhausted


def test_rejections_are_cached_until_the_window_ends(limiter, counters, clock):
    for _ in range(3):
        limiter.count(caller())
    rejected(limiter, caller())
    calls = counters.calls
    for _ in range(50):
        rejected(limiter, caller())
    assert counters.calls == calls
    clock.advance(seconds=60)
    limiter.count(caller())
    assert counters.calls == calls + 1


def test_a_rejection_applies_to_one_key_tenant_and_limit(limiter):
    for _ in range(3):
        limiter.count(caller())
    rejected(limiter, caller())
    limiter.count(caller(key="k-2"))
    limiter.count(caller(tenant="globex"))
    limiter.count(caller(per_minute=4))  # an operator has raised the limit


def test_the_number_of_cached_rejections_is_bounded(limiter, counters):
    for number in range(3000):
        limiter.count(caller(key=f"k-{number}", per_minute=1))
        rejected(limiter, caller(key=f"k-{number}", per_minute=1))
    asked = counters.calls
    rejected(limiter, caller(key="k-2999", per_minute=1))
    rejected(limiter, caller(key=f"k-{3000 - MAX_CACHED_REJECTIONS}", per_minute=1))
    assert counters.calls == asked
    rejected(limiter, caller(key="k-0", per_minute=1))
    assert counters.calls == asked + 1


def test_a_refused_request_of_a_key_costs_its_tenant_nothing(limiter, leases):
    for number in range(500):
        limiter.count(caller(key=f"k-{number}", per_minute=1))
        rejected(limiter, caller(key=f"k-{number}", per_minute=1))
    items = parse_items(fields(limiter.count(caller(key="k-500")).headers)["ratelimit"])
    assert items["tenant-minute"]["r"] == 10_000 - 501


def test_a_refused_key_leases_nothing_in_any_process(counters, leases, clock):
    admitted = 0
    for _ in range(75):
        process = SharedRateLimiter(counters, TenantLimiter(leases, clock), clock)
        with suppress(RateLimited):
            process.count(caller(per_minute=1))
            admitted += 1
    assert (admitted, leases.calls) == (1, 1)


def test_a_request_refused_by_the_tenant_limit_is_no_call_of_the_key(counters, leases, clock):
    who = Principal("acme", "k-1", "FREE", "member", Limits(1000, 60, 1000, 10, 2, 10))
    for _ in range(3):
        process = SharedRateLimiter(counters, TenantLimiter(leases, clock), clock)
        with suppress(RateLimited):
            process.count(who)
    assert {count for (_, window, _), count in counters.spent.items() if window == "hour"} == {2}


def test_without_the_leases_requests_are_admitted_unchecked(limiter, leases, counters, clock, facts):
    leases.away = True
    assert [limiter.count(caller()).headers for _ in range(100)] == [()] * 100
    assert (leases.calls, counters.calls, facts.unchecked) == (1, 1, True)
    leases.away = False
    clock.advance(seconds=5)
    assert limiter.count(caller()).headers


def test_without_the_counters_requests_are_admitted_unchecked(limiter, counters, clock, facts):
    counters.away = True
    assert [limiter.count(caller()).headers for _ in range(100)] == [()] * 100
    assert counters.calls == 1
    assert facts.unchecked
    counters.away = False
    clock.advance(seconds=5)
    assert limiter.count(caller()).headers


def test_cached_rejections_remain_without_the_counters(limiter, counters):
    for _ in range(3):
        limiter.count(caller())
    rejected(limiter, caller())
    counters.away = True
    limiter.count(caller(key="k-2"))
    rejected(limiter, caller())


@given(st.floats(0, 4e9, allow_nan=False))
def test_after_the_stated_seconds_the_next_window_begins(at):
    for window in (60, 3600):
        assert 1 <= seconds_left(window, at) <= window
        assert (at + seconds_left(window, at)) // window > at // window


def test_a_lowered_limit_leaves_zero_remaining_requests():
    counts = RequestCounts(at=0.0, minute=10, hour=10)
    assert '"minute";r=0' in fields(headers(Limits(None, 5, 5, None, 25, 25), counts))["ratelimit"]


@settings(max_examples=150)
@given(
    seed=st.integers(0, 10**6),
    per_minute=st.integers(1, 6),
    per_hour=st.integers(1, 40),
    workers=st.integers(1, 5),
    instances=st.integers(1, 3),
    latency=st.sampled_from([0.0, 0.05, 2.0]),
)
def test_a_client_that_follows_the_headers_is_never_rejected(seed, per_minute, per_hour, workers, instances, latency):
    telemetry.current.set(telemetry.RequestFacts())
    random, clock, counters, leases = Random(seed), Clock(), FakeCounters(), FakeLeases()
    limiters = [SharedRateLimiter(counters, TenantLimiter(leases, clock), clock) for _ in range(instances)]
    who = caller(per_minute=per_minute, per_hour=per_hour)

    def admit(moment):
        clock.now = moment
        return fields(random.choice(limiters).count(who).headers)  # raises RateLimited if the headers are wrong

    counted = simulate_client(admit, random, requests=60, workers=workers, latency=latency)
    hours = {datetime.fromtimestamp(at, UTC).hour for at in counted}
    assert len(hours) > 1 or per_hour > 20
