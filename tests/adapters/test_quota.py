"""Contract of the monthly quota, for the fake and DynamoDB."""

import pytest

from tests.support.fakes.clock import Clock
from tests.support.fakes.quota import FakeMonthlyQuotaStore
from vigil.access.quota.model import QuotaReservation
from vigil.access.quota.service import MonthlyQuota
from vigil.access.quota.store import DynamoMonthlyQuota
from vigil.errors import QuotaExceeded, Unavailable

MONTH = "2026-03"


class World:
    """The quota service on one of its stores; `used` returns the used predictions of the month."""

    def __init__(self, client=None):
        self._client, self._fake = client, FakeMonthlyQuotaStore(Clock())
        store = DynamoMonthlyQuota(client, "usage", Clock()) if client else self._fake
        self.quota = MonthlyQuota(store, Clock())

    def used(self, tenant="acme"):
        if self._client is None:
            return self._fake.used.get((tenant, MONTH), 0)
        key = {"pk": {"S": f"{tenant}#{MONTH}"}, "sk": {"S": "QUOTA"}}
        return int(self._client.get_item(TableName="usage", Key=key).get("Item", {}).get("used", {"N": "0"})["N"])


@pytest.fixture(params=["fake", "dynamodb"])
def world(request):
    return World() if request.param == "fake" else World(request.getfixturevalue("dynamodb"))


def test_a_repeated_reservation_counts_once(world):
    for _ in range(3):
        world.quota.reserve("acme", "b-1", 600, 1000)
    assert (world.used(), world.used("globex")) == (600, 0)


def test_rows_above_the_limit_are_rejected_with_the_number_left(world):
    world.quota.reserve("acme", "b-1", 600, 1000)
    with pytest.raises(QuotaExceeded, match="has 400 of 1000") as caught:
        world.quota.reserve("acme", "b-2", 401, 1000)
    assert caught.value.retry_after == (30 * 24 + 12) * 3600  # until the first of April
    assert world.used() == 600
    world.quota.reserve("acme", "b-2", 400, 1000)
    assert world.used() == 1000


def test_more_rows_than_a_whole_month_are_rejected(world):
    with pytest.raises(QuotaExceeded):
        world.quota.reserve("acme", "b-1", 1001, 1000)
    assert world.used() == 0


def test_unused_rows_are_returned_once(world):
    reservation = world.quota.reserve("acme", "b-1", 600, 1000)
    for _ in range(3):
        world.quota.release("acme", reservation, 200)
    assert world.used() == 400
    world.quota.release("acme", reservation, 100)  # already released
    assert world.used() == 400


def test_an_unknown_reservation_returns_no_rows(world):
    world.quota.release("acme", QuotaReservation(MONTH, "b-9", 100), 100)
    assert world.used() == 0


def test_more_rows_than_were_reserved_are_not_returned(world):
    world.quota.release("acme", world.quota.reserve("acme", "b-1", 10, 1000), 11)
    assert world.used() == 10


def test_each_month_has_its_own_quota(world):
    world.quota.reserve("acme", "b-1", 1000, 1000, month="2026-02")
    world.quota.reserve("acme", "b-1", 1000, 1000)
    assert world.used() == 1000


def test_a_reservation_is_found_by_its_id_and_month(world):
    reservation = world.quota.reserve("acme", "b-1", 600, 1000)
    assert world.quota.find_reservation("acme", "b-1", MONTH) == reservation
    assert world.quota.find_reservation("acme", "b-1", "2026-02") is None
    assert world.quota.find_reservation("globex", "b-1", MONTH) is None


def test_without_a_limit_no_item_is_written(dynamodb):
    quota = World(dynamodb).quota
    quota.release("acme", quota.reserve("acme", "b-1", 10**6, None), 10**6)
    assert dynamodb.scan(TableName="usage")["Items"] == []


def test_a_missing_table_raises_unavailable(dynamodb):
    quota = MonthlyQuota(DynamoMonthlyQuota(dynamodb, "none", Clock()), Clock())
    for call in (lambda: quota.reserve("acme", "b-1", 1, 10), lambda: quota.find_reservation("acme", "b-1", MONTH)):
        with pytest.raises(Unavailable):
            call()
