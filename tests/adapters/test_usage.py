"""The contract of usage counters, held by the fake and by DynamoDB alike; quotas; and what calls add up to."""

import pytest

from tests.fakes.clock import Clock
from tests.fakes.metering import FakeUsage
from vigil.errors import QuotaExceeded, Unavailable
from vigil.metering.model import Day, Entry
from vigil.metering.store import DynamoCalls, DynamoUsage
from vigil.quota.model import Reservation
from vigil.quota.service import Quota
from vigil.quota.store import DynamoQuota


def entry(number, tenant="acme", day="2026-03-01"):
    return Entry(tenant, f"dec_{number}", day, {"predictions": 1, "charged": 1, "database_bytes": 100})


@pytest.fixture(params=["fake", "dynamodb"])
def usage(request):
    return FakeUsage() if request.param == "fake" else DynamoUsage(request.getfixturevalue("aws")("dynamodb"), "usage")


@pytest.fixture
def quota(aws):
    return Quota(DynamoQuota(aws("dynamodb"), "usage", Clock()), Clock())


def used(aws, tenant="acme"):
    return DynamoUsage(aws("dynamodb"), "usage").month(tenant, "2026-03").used


def test_entries_are_counted_by_tenant_and_day(usage):
    assert not usage.add([entry(1), entry(2), entry(3, day="2026-03-02"), entry(4, tenant="globex")])
    assert usage.month("acme", "2026-03").days == (Day("2026-03-01", 2, 2, 200), Day("2026-03-02", 1, 1, 100))
    assert usage.month("globex", "2026-03").days == (Day("2026-03-01", 1, 1, 100),)
    assert usage.month("acme", "2026-04").days == ()


def test_one_entry_that_is_counted_already_keeps_all_of_them_out_and_is_named(usage):
    usage.add([entry(1)])
    assert set(usage.add([entry(2), entry(1)])) == {"dec_1"}
    assert usage.month("acme", "2026-03").total().predictions == 1


def test_the_calls_of_an_hour_are_said_not_added(usage):
    for calls in (5, 7, 7):
        usage.set_calls("acme", "2026-03-01T05", calls)
    usage.set_calls("acme", "2026-03-01T06", 1)
    assert usage.month("acme", "2026-03").days == (Day("2026-03-01", api_calls=8),)


def test_the_calls_of_all_keys_of_a_tenant_add_up(aws):
    client = aws("dynamodb")
    for key, calls in (("acme#k-1#2026-03-01T05", 3), ("acme#k-2#2026-03-01T05", 4), ("acme#k-1#2026-03-01T06", 9)):
        client.put_item(TableName="limits", Item={"pk": {"S": key}, "h": {"N": str(calls)}})
    assert DynamoCalls(client, "limits").by_hour({"2026-03-01T05"}) == {("acme", "2026-03-01T05"): 7}


def test_rows_are_set_aside_once_whatever_is_asked_again(quota, aws):
    for _ in range(3):
        quota.reserve("acme", "b-1", 600, 1000)
    assert used(aws) == 600
    assert used(aws, "globex") == 0


def test_what_does_not_fit_is_refused_whole_and_says_what_is_left(quota, aws):
    quota.reserve("acme", "b-1", 600, 1000)
    with pytest.raises(QuotaExceeded, match="400 are left") as caught:
        quota.reserve("acme", "b-2", 401, 1000)
    assert caught.value.retry_after == (30 * 24 + 12) * 3600  # to the first of April
    assert used(aws) == 600
    quota.reserve("acme", "b-2", 400, 1000)
    assert used(aws) == 1000


def test_more_than_a_whole_month_never_fits(quota, aws):
    with pytest.raises(QuotaExceeded):
        quota.reserve("acme", "b-1", 1001, 1000)
    assert used(aws) == 0


def test_what_was_not_used_is_given_back_once(quota, aws):
    reservation = quota.reserve("acme", "b-1", 600, 1000)
    for _ in range(3):
        quota.release("acme", reservation, 200)
    assert used(aws) == 400
    quota.release("acme", reservation, 100)  # it was settled
    assert used(aws) == 400


def test_a_reservation_that_never_was_gives_nothing_back(quota, aws):
    quota.release("acme", Reservation("2026-03", "b-9", 100), 100)
    assert used(aws) == 0


def test_more_than_was_set_aside_is_not_given_back(quota, aws):
    quota.release("acme", quota.reserve("acme", "b-1", 10, 1000), 11)
    assert used(aws) == 10


def test_without_a_limit_nothing_is_written(quota, aws):
    reservation = quota.reserve("acme", "b-1", 10**6, None)
    quota.release("acme", reservation, 10**6)
    assert aws("dynamodb").scan(TableName="usage")["Items"] == []


def test_a_month_has_its_own_quota(quota, aws):
    quota.reserve("acme", "b-1", 1000, 1000, month="2026-02")
    quota.reserve("acme", "b-1", 1000, 1000)
    assert used(aws) == 1000


def test_tables_that_do_not_answer_are_unavailable(aws):
    usage, calls = DynamoUsage(aws("dynamodb"), "none"), DynamoCalls(aws("dynamodb"), "none")
    for call in (
        lambda: usage.add([entry(1)]),
        lambda: usage.month("acme", "2026-03"),
        lambda: usage.set_calls("acme", "2026-03-01T05", 1),
        lambda: calls.by_hour({"2026-03-01T05"}),
    ):
        with pytest.raises(Unavailable):
            call()
