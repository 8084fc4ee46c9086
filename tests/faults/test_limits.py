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
from vigil.web.request_leases import DynamoRequestLeases, TenantLimiter


def caller(per_minute=60, per_hour=1000, key="k-1", tenant="acme", tenant_rates=(10_000, 200_000)):
    return Principal(tenant, key, "FREE", "member", Limits(1000, per_minute, per_hour, 10, *tenant_rates))


def limiter_of(client, table, clock):
    tenants = TenantLimiter(DynamoRequestLeases(client, table), clock)
    return SharedRateLimiter(DynamoRequestCounters(client, table), tenants, clock)


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
        limiter = limiter_of(bed.client("dynamodb"), table, clock)
        return sum(admitted(limiter, who) for _ in range(20))

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(instance, range(16))) == expected


@pytest.mark.parametrize("rates", [(200, 10_000), (10_000, 200)])
def test_parallel_instances_and_keys_never_exceed_the_tenant_limit(bed, rates):
    table, clock = bed.table("Limits"), Clock()

    def instance(number):
        limiter = limiter_of(bed.client("dynamodb"), table, clock)
        who = [caller(key=f"k-{number}-{key}", tenant_rates=rates) for key in range(4)]
        return sum(admitted(limiter, who[request % 4]) for request in range(40))

    with ThreadPoolExecutor(12) as pool:
        total = sum(pool.map(instance, range(12)))
    assert total == 200  # each instance uses up its leases, so the total is the limit exactly
    other = limiter_of(bed.client("dynamodb"), table, clock)
    assert admitted(other, caller(tenant="globex", tenant_rates=rates))
    assert not admitted(other, caller(key="k-new", tenant_rates=rates))


@pytest.mark.parametrize("seed", range(3))
def test_a_client_that_follows_the_header_fields_is_never_refused(bed, seed):
    telemetry.current.set(telemetry.RequestFacts())
    table, random, clock = bed.table("Limits"), Random(seed), Clock()
    client, who = bed.client("dynamodb"), caller(per_minute=7, per_hour=30)
    limiters = [limiter_of(client, table, clock) for _ in range(3)]

    def admit(moment):
        clock.now = moment
        fields = random.choice(limiters).count(who).headers  # raises RateLimited if the fields are wrong
        assert fields
        return {name.decode(): value.decode() for name, value in fields}

    simulate_client(admit, random, requests=100, workers=4, latency=1.0)
    assert sum(int(item["h"]["N"]) for item in bed.items(table) if item["sk"]["S"] == "k-1") == 100
