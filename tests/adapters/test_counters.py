"""Contracts of the counters of requests, leases and failed sign-ins, for the fakes and DynamoDB."""

from datetime import UTC, datetime

import pytest

from tests.support.fakes.access import FakeFailureCounters
from tests.support.fakes.clock import Clock
from tests.support.fakes.limits import FakeCounters, FakeLeases
from vigil.access.keys.failed_sign_ins_store import DynamoFailureCounters
from vigil.errors import Unavailable
from vigil.kernel.tenants import Limits, Rates
from vigil.money.usage.store import DynamoRequestCounts
from vigil.web.principal import Principal
from vigil.web.rate_limits import DynamoRequestCounters
from vigil.web.request_leases import DynamoRequestLeases


def caller(tenant="acme", key="k-1", per_minute=2, per_hour=3):
    return Principal(tenant, key, "FREE", "member", Limits(1000, per_minute, per_hour, 10, 300, 5_000))


@pytest.fixture(params=["fake", "dynamodb"])
def counters(request):
    if request.param == "fake":
        return FakeCounters()
    return DynamoRequestCounters(request.getfixturevalue("aws")("dynamodb"), "limits")


def take(counters, clock, who=None):
    admitted, spent = counters.count(who or caller(), clock())
    return admitted, spent.minute, spent.hour


def test_both_limits_are_enforced_and_a_refusal_returns_the_counts(counters):
    clock = Clock()
    assert [take(counters, clock) for _ in range(3)] == [(True, 1, 1), (True, 2, 2), (False, 2, 2)]
    clock.advance(seconds=60)
    assert [take(counters, clock) for _ in range(2)] == [(True, 1, 3), (False, 1, 3)]
    clock.advance(hours=1)
    assert take(counters, clock) == (True, 1, 1)


def test_an_undone_request_leaves_room_for_another(counters):
    clock = Clock()
    assert [take(counters, clock) for _ in range(2)] == [(True, 1, 1), (True, 2, 2)]
    counters.undo(caller(), clock())
    assert [take(counters, clock) for _ in range(2)] == [(True, 2, 2), (False, 2, 2)]


def test_keys_and_tenants_are_counted_separately(counters):
    clock = Clock()
    for who in (caller(), caller(key="k-2"), caller(tenant="globex")):
        assert take(counters, clock, who) == (True, 1, 1)


def test_windows_are_in_utc_for_any_time_zone(counters):
    first = datetime(2026, 3, 1, 12, 59, 59, tzinfo=UTC)
    assert counters.count(caller(), first)[1].hour == 1
    assert counters.count(caller(), datetime.fromisoformat("2026-03-01T18:29:59+05:30"))[1].hour == 2


def test_an_item_expires_days_after_its_hour(aws):
    clock = Clock()
    take(DynamoRequestCounters(aws("dynamodb"), "limits"), clock)
    (item,) = aws("dynamodb").scan(TableName="limits")["Items"]
    assert (item["pk"]["S"], item["sk"]["S"]) == ("acme#2026-03-01T12", "k-1")
    assert int(item["expires_at"]["N"]) - clock().timestamp() > 3 * 86_400


def test_an_unavailable_table_raises_unavailable(aws):
    with pytest.raises(Unavailable):
        take(DynamoRequestCounters(aws("dynamodb"), "no-such-table"), Clock())
    with pytest.raises(Unavailable):
        lease(DynamoRequestLeases(aws("dynamodb"), "no-such-table"), Clock(), 1, 1)


@pytest.fixture(params=["fake", "dynamodb"])
def leases(request):
    if request.param == "fake":
        return FakeLeases()
    return DynamoRequestLeases(request.getfixturevalue("aws")("dynamodb"), "limits")


RATES = Rates(10, 20)


def lease(leases, clock, minute, hour, tenant="acme", rates=RATES):
    granted, leased = leases.lease(tenant, rates, clock(), minute=minute, hour=hour)
    return granted, leased.minute, leased.hour


def test_a_lease_is_granted_whole_or_refused_with_the_counts(leases):
    clock = Clock()
    assert [lease(leases, clock, 4, 4) for _ in range(3)] == [(True, 4, 4), (True, 8, 8), (False, 8, 8)]
    assert lease(leases, clock, 2, 2) == (True, 10, 10)
    clock.advance(seconds=60)
    assert lease(leases, clock, 10, 10) == (True, 10, 20)
    clock.advance(seconds=60)
    assert lease(leases, clock, 1, 1) == (False, 0, 20)
    clock.advance(hours=1)
    assert lease(leases, clock, 1, 1) == (True, 1, 1)


def test_a_lease_of_the_minute_alone_needs_no_rest_of_the_hour(leases):
    clock = Clock()
    lease(leases, clock, 10, 20)
    clock.advance(seconds=60)
    assert lease(leases, clock, 4, 0) == (True, 4, 20)
    assert lease(leases, clock, 4, 0, rates=Rates(10, 5)) == (True, 8, 20)
    assert lease(leases, clock, 4, 0) == (False, 8, 20)


def test_leases_of_tenants_are_separate(leases):
    for tenant in ("acme", "globex"):
        assert lease(leases, Clock(), 10, 10, tenant) == (True, 10, 10)


def test_the_item_of_leases_is_no_key_and_expires_after_its_hour(aws):
    clock = Clock()
    lease(DynamoRequestLeases(aws("dynamodb"), "limits"), clock, 4, 4)
    (item,) = aws("dynamodb").scan(TableName="limits")["Items"]
    assert (item["pk"]["S"], item["sk"]["S"]) == ("acme#2026-03-01T12#LEASES", "TENANT")
    assert int(item["expires_at"]["N"]) - clock().timestamp() > 86_400
    assert DynamoRequestCounts(aws("dynamodb"), "limits").requests_in_hour("acme", "2026-03-01T12") == 0


@pytest.fixture(params=["fake", "dynamodb"])
def failures(request):
    if request.param == "fake":
        return FakeFailureCounters()
    return DynamoFailureCounters(request.getfixturevalue("aws")("dynamodb"), "limits")


def test_failures_are_counted_by_source_and_window(failures):
    windows = [("a", 0), ("a", 0), ("b", 0), ("a", 300), ("a", 0)]
    assert [failures.add(source, start, start + 300) for source, start in windows] == [1, 2, 1, 1, 3]


def test_failures_without_a_table_raise_unavailable(aws):
    with pytest.raises(Unavailable):
        DynamoFailureCounters(aws("dynamodb"), "nowhere").add("a", 0, 300)
