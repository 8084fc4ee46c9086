"""The tenant limit is never exceeded by any number of processes, and one process uses it up exactly."""

from collections import Counter
from contextlib import suppress
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.fakes.clock import Clock
from tests.support.fakes.limits import FakeLeases
from vigil.errors import Unavailable
from vigil.kernel.tenants import Rates
from vigil.web.rate_limit_headers import HOUR, MINUTE
from vigil.web.request_leases import FIRST_LEASE, MAX_LEASE, MAX_SHARE, MAX_TENANTS, TenantLimiter

MANY = Rates(1_000_000, 10_000_000)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def leases():
    return FakeLeases()


@pytest.fixture
def limiter(leases, clock):
    return TenantLimiter(leases, clock)


def take(limiter, clock, rates, tenant="acme"):
    """Count a request as the rate limiter does: a cached refusal comes first."""
    if limiter.cached_refusal(tenant, rates, clock().timestamp()):
        return False
    return use(limiter, clock, rates, tenant)[0]


def use(limiter, clock, rates, tenant="acme"):
    """Use a leased request or lease requests; return whether one is used, and the counts."""
    counts = limiter.take(tenant, clock())
    return (True, counts) if counts else limiter.lease(tenant, rates, clock())


class Processes:
    """Processes of one tenant with skewed clocks; each admitted request is counted in its process's window."""

    def __init__(self, seed, rates, number, skew):
        self.random, self.rates, self.clock, self.leases = Random(seed), rates, Clock(), FakeLeases()
        self.skews = [timedelta(seconds=self.random.uniform(-skew, skew)) for _ in range(number)]
        self.limiters = [TenantLimiter(self.leases, self.clock) for _ in range(number)]
        self.admitted = Counter()

    def request(self):
        number = self.random.randrange(len(self.limiters))
        clock = Clock()
        clock.now = self.clock.now + self.skews[number]
        is_admitted = take(self.limiters[number], clock, self.rates)
        at = clock.now.timestamp()
        self.admitted["minute", at // MINUTE] += is_admitted
        self.admitted["hour", at // HOUR] += is_admitted
        return is_admitted

    def crash(self):
        self.limiters[self.random.randrange(len(self.limiters))] = TenantLimiter(self.leases, self.clock)

    def lose_an_answer(self):
        self.leases.loses_answers = True
        with suppress(Unavailable):  # the rate limiter admits the request unchecked
            self.request()
        self.leases.loses_answers = False

    def most(self, window):
        return max((count for (name, _), count in self.admitted.items() if name == window), default=0)


@settings(max_examples=200, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    per_minute=st.integers(1, 150),
    per_hour=st.integers(1, 600),
    processes=st.integers(1, 12),
    skew=st.sampled_from([0.0, 2.0, 90.0]),
)
def test_processes_together_never_exceed_the_limit(seed, per_minute, per_hour, processes, skew):
    world = Processes(seed, Rates(per_minute, per_hour), processes, skew)
    world.clock.advance(minutes=57)
    for _ in range(800):
        step = world.random.random()
        if step < 0.02:
            world.crash()
        elif step < 0.03:
            world.lose_an_answer()
        else:
            world.request()
        world.clock.advance(seconds=world.random.choice((0, 0, 0.1, 3)))
    assert world.most("minute") <= per_minute
    assert world.most("hour") <= per_hour


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 10**6), per_minute=st.integers(1, 300), per_hour=st.integers(1, 900))
def test_one_process_admits_exactly_the_limit(seed, per_minute, per_hour):
    world = Processes(seed, Rates(per_minute, per_hour), 1, 0.0)
    left = per_hour
    for _ in range(4):
        asked = world.random.randrange(2 * per_minute)
        expected = min(asked, per_minute, left)
        assert sum(world.request() for _ in range(asked)) == expected
        left -= expected
        world.clock.advance(minutes=1)


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 10**6), per_minute=st.integers(1, 3_000), processes=st.integers(1, 50))
def test_a_first_refusal_comes_after_half_of_the_limit(seed, per_minute, processes):
    world = Processes(seed, Rates(per_minute, 10**6), processes, 0.0)
    while world.request():
        pass
    assert world.most("minute") >= per_minute / 2 - FIRST_LEASE * processes
    assert world.most("minute") >= per_minute - processes * min(MAX_LEASE, max(per_minute // MAX_SHARE, 1))


def test_leases_double_up_to_their_maximum(limiter, leases, clock):
    sizes = []
    for _ in range(1_000):
        calls, before = leases.calls, sum(leases.spent.values())
        assert take(limiter, clock, MANY)
        if leases.calls > calls:
            sizes.append((sum(leases.spent.values()) - before) // 2)
    assert sizes == [4, 8, 16, 32, 64] + [MAX_LEASE] * 9


def test_unused_requests_of_a_minute_serve_the_same_hour(limiter, leases, clock):
    for _ in range(59):
        assert take(limiter, clock, MANY)
        clock.advance(minutes=1)
    (hour,) = (count for (_, window, _), count in leases.spent.items() if window == "hour")
    assert hour == 62  # 59 used ones, and three left
    clock.advance(minutes=1)
    assert take(limiter, clock, MANY)
    assert sum(count for (_, window, _), count in leases.spent.items() if window == "hour") == 66


def test_a_refusal_is_cached_until_the_minute_ends(limiter, leases, clock):
    rates = Rates(1, 2)
    assert take(limiter, clock, rates)
    assert not take(limiter, clock, rates)
    calls = leases.calls
    assert not any(take(limiter, clock, rates) for _ in range(50))
    assert leases.calls == calls
    assert take(limiter, clock, Rates(2, 2))  # an operator has raised the limit
    clock.advance(minutes=1)
    assert not take(limiter, clock, Rates(2, 2))  # the hour is exhausted
    clock.advance(hours=1)
    assert take(limiter, clock, rates)


def test_a_lowered_limit_refuses_with_zero_remaining_requests(limiter, clock):
    while use(limiter, clock, MANY)[1].left(MANY)[0] > MANY.per_minute - 124:
        pass  # until no leased request is left
    is_taken, counts = use(limiter, clock, Rates(5, 5))
    assert (is_taken, counts.left(Rates(5, 5)), counts.exhausted_window(Rates(5, 5))[0]) == (False, (0, 0), "hour")


def test_tenants_do_not_share_their_limits(limiter, clock):
    for tenant in ("acme", "globex"):
        assert [take(limiter, clock, Rates(3, 9), tenant) for _ in range(4)] == [True] * 3 + [False]


def test_the_number_of_leased_tenants_is_bounded(limiter, leases, clock):
    for number in range(MAX_TENANTS + 1):
        take(limiter, clock, MANY, f"t-{number}")
    calls = leases.calls
    take(limiter, clock, MANY, f"t-{MAX_TENANTS}")
    assert leases.calls == calls
    take(limiter, clock, MANY, "t-0")  # evicted
    assert leases.calls == calls + 1


def test_a_clock_that_was_set_back_leases_in_its_own_window(limiter, leases, clock):
    rates = Rates(3, 9)
    assert [take(limiter, clock, rates) for _ in range(4)] == [True] * 3 + [False]
    clock.advance(minutes=-1)
    assert [take(limiter, clock, rates) for _ in range(4)] == [True] * 3 + [False]
    clock.advance(minutes=1)
    assert not take(limiter, clock, rates)
