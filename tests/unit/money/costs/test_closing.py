"""A month is stated once; what is counted later is adjusted once, in a month that is open."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.support.fakes.clock import Clock
from tests.support.fakes.costs import FakePrices, FakeStatements, FakeUse
from vigil.money.costs.closing import Closing
from vigil.money.costs.model import Line, total
from vigil.money.costs.service import Costs


class World:
    """Closing on the fourth of December, when November has just become due."""

    def __init__(self):
        self.use = FakeUse(acme={"2026-11-30T23": {"predictions": 5}, "2026-12-01T00": {"predictions": 1}})
        self.statements, self.clock = FakeStatements(), Clock()
        self.costs = Costs(self.use, FakePrices(), self.statements)
        self.clock.now = datetime(2026, 12, 4, tzinfo=UTC)
        self.closing = Closing(self.costs, self.statements, self.clock)

    def run(self):
        """Return how many statements, and how many adjustments, were made."""
        done = [self.closing.process_tenant(tenant, "2026-12-04") for tenant in ("acme", "globex")]
        return tuple(sum(each[what] for each in done) for what in ("statements", "adjustments"))

    def use_late(self, amount, hour="2026-11-30T23"):
        hours = self.use.used["acme"]
        hours[hour] = {"predictions": hours.get(hour, {}).get("predictions", 0) + amount}


@pytest.fixture
def world():
    return World()


def test_a_month_is_stated_three_days_after_its_end_and_not_before(world):
    world.clock.now = datetime(2026, 12, 3, 23, 59, tzinfo=UTC)
    world.run()
    assert world.statements.statement("acme", "2026-11") is None
    world.clock.advance(minutes=1)
    assert world.run() == (2, 0)
    stated = world.statements.statement("acme", "2026-11")
    assert stated.lines == (Line("2026-11-30", "inference", "predictions", 5, 1, 5_000),)
    assert stated.closed_at == "2026-12-04T00:00:00+00:00"
    assert world.statements.statement("acme", "2026-12") is None


def test_the_last_four_months_are_stated_those_without_use_too(world):
    assert world.run() == (8, 0)
    assert sorted(month for tenant, month in world.statements.closed if tenant == "globex") == [
        "2026-08",
        "2026-09",
        "2026-10",
        "2026-11",
    ]


def test_a_run_again_does_nothing(world):
    world.run()
    assert world.run() == (0, 0)


def test_what_comes_late_is_adjusted_in_the_open_month_and_the_statement_stays(world):
    world.run()
    stated = world.costs.lines("acme", "2026-11")
    world.use_late(2)
    assert world.run() == (0, 1)
    assert world.run() == (0, 0)
    assert world.costs.lines("acme", "2026-11") == stated
    assert world.costs.lines("acme", "2026-12") == (
        Line("2026-12-01", "inference", "predictions", 1, 1, 1_000),
        Line("2026-12-04", "inference", "predictions", 2, 1, 2_000, adjusts="2026-11"),
    )


def test_an_adjustment_may_be_a_credit_and_another_may_follow(world):
    world.run()
    for amount in (3, -4, -4):
        world.use_late(amount)
        world.clock.advance(days=1)
        assert world.run() == (0, 1)
    booked = [line for line in world.costs.lines("acme", "2026-12") if line.adjusts]
    assert [line.micros for line in booked] == [3_000, -4_000, -4_000]
    assert total(world.costs.lines("acme", "2026-11")) + total(booked) == total(world.costs.fresh("acme", "2026-11"))


def test_an_adjustment_is_booked_when_it_is_found_and_stays_in_that_month(world):
    world.run()
    world.use_late(2)
    world.clock.now = datetime(2027, 1, 3, tzinfo=UTC)  # December has ended, and is open
    world.run()
    assert [line.adjusts for line in world.costs.lines("acme", "2027-01")] == ["2026-11"]
    world.clock.now = datetime(2027, 1, 4, tzinfo=UTC)
    world.run()
    world.clock.now = datetime(2027, 2, 4, tzinfo=UTC)
    assert world.run() == (2, 0)
    stated = world.statements.statement("acme", "2027-01")
    assert [(line.adjusts, line.micros) for line in stated.lines] == [("2026-11", 2_000)]
    assert world.run() == (0, 0)  # what January adjusts is no use of January's


def test_every_micro_is_on_exactly_one_statement_in_the_end(world):
    for month in ("2026-12", "2027-01", "2027-02", "2027-03", "2027-04"):
        world.run()
        world.use_late(7, f"{month}-01T00")
        if month < "2027-03":
            world.use_late(3)
        year, number = map(int, month.split("-"))
        world.clock.now = datetime(year, number, 4, tzinfo=UTC) + timedelta(days=31)
    world.run()
    counted = sum(hours["predictions"] for hours in world.use.used["acme"].values())
    stated = [statement for (tenant, _), statement in world.statements.closed.items() if tenant == "acme"]
    assert sum(total(statement.lines) for statement in stated) == counted * 1_000


def test_another_run_at_the_same_time_states_and_adjusts_nothing_twice(world):
    class Twice(FakeStatements):
        """Statements beside which another run does the same just before."""

        def close(self, tenant_id, statement):
            super().close(tenant_id, statement)
            return super().close(tenant_id, statement)

        def adjust(self, tenant_id, adjustment, booked_in):
            super().adjust(tenant_id, adjustment, booked_in)
            return super().adjust(tenant_id, adjustment, booked_in)

    statements = Twice()
    costs = Costs(world.use, FakePrices(), statements)
    closing = Closing(costs, statements, world.clock)
    closing.process_tenant("acme", "2026-12-04")
    world.use_late(2)
    assert closing.process_tenant("acme", "2026-12-05") == {"statements": 0, "adjustments": 0}
    assert [line.micros for line in costs.lines("acme", "2026-12") if line.adjusts] == [2_000]


@pytest.mark.parametrize(
    ("now", "last", "due"),
    [
        ("2026-12-04T02:29:00", "2026-12-03", None),
        ("2026-12-04T02:30:00", "2026-12-03", "2026-12-04"),
        ("2026-12-04T23:00:00", "2026-12-04", None),
        ("2026-12-04T12:00:00", "", "2026-12-04"),
        ("2026-12-09T02:30:00", "2026-12-04", "2026-12-09"),
    ],
)
def test_a_round_is_due_once_a_day(world, now, last, due):
    world.clock.now = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert world.closing.next_sweep(last) == due
