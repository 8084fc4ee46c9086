"""Requests of a key are held to their limits, and the header fields say so truly."""

from datetime import UTC, datetime
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.fakes.clock import Clock
from tests.support.fakes.limits import FakeCounters
from tests.support.rate_limited_client import items, play
from vigil.errors import RateLimited
from vigil.kernel.tenants import Limits
from vigil.runtime import telemetry
from vigil.web.principal import Principal
from vigil.web.rate_limit_headers import RequestCounts, seconds_left
from vigil.web.rate_limits import MAX_CACHED_REJECTIONS, SharedRateLimiter


def caller(tenant="acme", key="k-1", per_minute=3, per_hour=5):
    return Principal(tenant, key, "FREE", "member", Limits(1000, per_minute, per_hour, 10))


def fields(headers):
    return {name.decode(): value.decode() for name, value in headers}


@pytest.fixture(autouse=True)
def facts():
    """The facts of a request that is under way."""
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
def limiter(counters, clock):
    return SharedRateLimiter(counters, clock)


def refused(limiter, who):
    with pytest.raises(RateLimited) as caught:
        limiter.count(who)
    return caught.value


def test_the_fields_name_both_policies_and_what_is_left_of_them(limiter, clock):
    clock.advance(seconds=18)
    assert fields(limiter.count(caller(per_minute=60, per_hour=1000)).headers) == {
        "ratelimit-policy": '"minute";q=60;w=60, "hour";q=1000;w=3600',
        "ratelimit": '"minute";r=59;t=42, "hour";r=999;t=3582',
    }


def test_a_full_minute_refuses_until_its_end_and_then_lets_in_again(limiter, clock):
    clock.advance(seconds=50.5)
    for _ in range(3):
        limiter.count(caller())
    refusal = refused(limiter, caller())
    assert (refusal.policy, refusal.retry_after) == ("minute", 10)
    assert items(fields(refusal.headers)["ratelimit"])["minute"] == {"r": 0, "t": 10}
    clock.advance(seconds=refusal.retry_after)
    assert items(fields(limiter.count(caller()).headers)["ratelimit"])["minute"]["r"] == 2


def test_a_full_hour_refuses_until_its_end_though_minutes_pass(limiter, clock):
    for minute in range(5):
        clock.advance(minutes=1 if minute else 0)
        limiter.count(caller())
    refusal = refused(limiter, caller())
    assert (refusal.policy, refusal.retry_after) == ("hour", 56 * 60)
    clock.advance(minutes=10)
    again = refused(limiter, caller())
    assert (again.policy, again.retry_after) == ("hour", 46 * 60)
    assert items(fields(again.headers)["ratelimit"])["minute"]["r"] == 3  # the minute is not what is full


def test_refusals_are_remembered_to_the_windows_end_without_asking_the_counters(limiter, counters, clock):
    for _ in range(3):
        limiter.count(caller())
    refused(limiter, caller())
    asked = counters.calls
    for _ in range(50):
        refused(limiter, caller())
    assert counters.calls == asked
    clock.advance(seconds=60)
    limiter.count(caller())
    assert counters.calls == asked + 1


def test_a_refusal_is_of_one_key_of_one_tenant_and_of_the_limits_that_it_broke(limiter):
    for _ in range(3):
        limiter.count(caller())
    refused(limiter, caller())
    limiter.count(caller(key="k-2"))
    limiter.count(caller(tenant="globex"))
    limiter.count(caller(per_minute=4))  # raised by an operator meanwhile


def test_remembered_refusals_take_bounded_memory(limiter):
    for number in range(3000):
        limiter.count(caller(key=f"k-{number}", per_minute=1))
        refused(limiter, caller(key=f"k-{number}", per_minute=1))
    assert limiter.cached_rejections == MAX_CACHED_REJECTIONS


def test_while_the_counters_are_away_everyone_is_let_in_nothing_is_claimed_and_they_are_left_alone(
    limiter, counters, clock, facts
):
    counters.away = True
    assert [limiter.count(caller()).headers for _ in range(100)] == [()] * 100
    assert counters.calls == 1
    assert facts.unchecked
    counters.away = False
    clock.advance(seconds=5)
    assert limiter.count(caller()).headers


def test_who_was_refused_stays_refused_while_the_counters_are_away(limiter, counters):
    for _ in range(3):
        limiter.count(caller())
    refused(limiter, caller())
    counters.away = True
    limiter.count(caller(key="k-2"))
    refused(limiter, caller())


@given(st.floats(0, 4e9, allow_nan=False))
def test_who_waits_for_the_stated_seconds_meets_the_next_window(at):
    for window in (60, 3600):
        assert 1 <= seconds_left(window, at) <= window
        assert (at + seconds_left(window, at)) // window > at // window


def test_a_lowered_limit_leaves_nothing_rather_than_less():
    spent = RequestCounts(at=0.0, minute=10, hour=10)
    assert '"minute";r=0' in fields(spent.headers(Limits(None, 5, 5, None)))["ratelimit"]


@settings(max_examples=150)
@given(
    seed=st.integers(0, 10**6),
    per_minute=st.integers(1, 6),
    per_hour=st.integers(1, 40),
    workers=st.integers(1, 5),
    instances=st.integers(1, 3),
    latency=st.sampled_from([0.0, 0.05, 2.0]),
)
def test_an_obedient_client_never_sees_a_refusal(seed, per_minute, per_hour, workers, instances, latency):
    telemetry.current.set(telemetry.RequestFacts())
    random, clock, counters = Random(seed), Clock(), FakeCounters()
    limiters = [SharedRateLimiter(counters, clock) for _ in range(instances)]
    who = caller(per_minute=per_minute, per_hour=per_hour)

    def admit(moment):
        clock.now = moment
        return fields(random.choice(limiters).count(who).headers)  # raises RateLimited, were the fields not true

    counted = play(admit, random, requests=60, workers=workers, latency=latency)
    hours = {datetime.fromtimestamp(at, UTC).hour for at in counted}
    assert len(hours) > 1 or per_hour > 20
