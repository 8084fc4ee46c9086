"""Contracts of the counters of requests and of failed sign-ins, for the fakes and DynamoDB."""

from datetime import UTC, datetime

import pytest

from tests.support.fakes.access import FakeFailureCounters
from tests.support.fakes.clock import Clock
from tests.support.fakes.limits import FakeCounters
from vigil.access.keys.failed_sign_ins_store import DynamoFailureCounters
from vigil.errors import Unavailable
from vigil.kernel.tenants import Limits
from vigil.web.principal import Principal
from vigil.web.rate_limits import DynamoRequestCounters


def caller(tenant="acme", key="k-1", per_minute=2, per_hour=3):
    return Principal(tenant, key, "FREE", "member", Limits(1000, per_minute, per_hour, 10))


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
