"""Rate limits in DynamoDB are exact, and their header fields are accurate."""

from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest

from tests.support.fakes.clock import Clock
from tests.support.rate_limited_client import simulate_client
from vigil.errors import RateLimited
from vigil.kernel.tenants import Limits
from vigil.runtime import telemetry
from vigil.web.principal import Principal
from vigil.web.rate_limits import DynamoRequestCounters, SharedRateLimiter


def caller(per_minute=60, per_hour=1000):
    return Principal("acme", "k-1", "FREE", "member", Limits(1000, per_minute, per_hour, 10))


def admitted(limiter, who):
    try:
        limiter.count(who)
    except RateLimited:
        return False
    return True


@pytest.mark.parametrize(("per_minute", "per_hour", "expected"), [(60, 1000, 60), (1000, 45, 45)])
def test_parallel_instances_admit_exactly_the_limit(bed, per_minute, per_hour, expected):
    table, clock, who = bed.table("Limits"), Clock(), caller(per_minute, per_hour)

    def instance(_):
        limiter = SharedRateLimiter(DynamoRequestCounters(bed.client("dynamodb"), table), clock)
        return sum(admitted(limiter, who) for _ in range(20))

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(instance, range(16))) == expected


@pytest.mark.parametrize("seed", range(3))
def test_a_client_that_follows_the_header_fields_is_never_refused(bed, seed):
    telemetry.current.set(telemetry.RequestFacts())
    table, random, clock = bed.table("Limits"), Random(seed), Clock()
    client, who = bed.client("dynamodb"), caller(per_minute=7, per_hour=30)
    limiters = [SharedRateLimiter(DynamoRequestCounters(client, table), clock) for _ in range(3)]

    def admit(moment):
        clock.now = moment
        fields = random.choice(limiters).count(who).headers  # raises RateLimited if the fields are wrong
        assert fields
        return {name.decode(): value.decode() for name, value in fields}

    simulate_client(admit, random, requests=100, workers=4, latency=1.0)
    assert sum(int(item["h"]["N"]) for item in bed.items(table)) == 100
