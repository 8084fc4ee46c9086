"""Monthly quota service: the month of a reservation, and calls that must not write."""

import pytest

from tests.support.fakes.clock import Clock
from tests.support.fakes.quota import FakeMonthlyQuotaStore
from vigil.access.quota.model import QuotaReservation
from vigil.access.quota.service import MonthlyQuota


class World:
    def __init__(self):
        self.clock = Clock()
        self.store = FakeMonthlyQuotaStore(self.clock)
        self.quota = MonthlyQuota(self.store, self.clock)


@pytest.fixture
def world():
    return World()


def test_a_reservation_is_of_the_current_month_by_default(world):
    assert world.quota.reserve("acme", "b-1", 5, 10) == QuotaReservation("2026-03", "b-1", 5)


def test_a_reservation_repeated_in_the_next_month_counts_once(world):
    month = world.quota.reserve("acme", "b-1", 5, 10).month
    world.clock.advance(days=31)
    assert world.quota.reserve("acme", "b-1", 5, 10, month).month == "2026-03"
    assert world.store.used == {("acme", "2026-03"): 5}


def test_without_a_limit_the_reservation_is_empty_and_not_written(world):
    reservation = world.quota.reserve("acme", "b-1", 5, None)
    world.quota.release("acme", reservation, 5)
    assert (reservation.rows, world.store.writes) == (0, 0)


def test_a_release_without_unused_rows_does_not_write(world):
    reservation = world.quota.reserve("acme", "b-1", 5, 10)
    world.quota.release("acme", reservation, 0)
    assert (world.store.used, world.store.writes) == ({("acme", "2026-03"): 5}, 1)
