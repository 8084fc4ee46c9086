"""A month is closed once; later usage is adjusted once, in an open month."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.support.fakes.clock import Clock
from tests.support.fakes.costs import FakeHourlyUsage, FakePriceBooks, FakeStatements
from vigil.money.costs.closing import MonthClosing
from vigil.money.costs.model import CostLine, sum_micros
from vigil.money.costs.service import Costs


class World:
    """Closing on 4 December, when November has just become due."""

    def __init__(self):
        self.use = FakeHourlyUsage(acme={"2026-11-30T23": {"predictions": 5}, "2026-12-01T00": {"predictions": 1}})
        self.statements, self.clock = FakeStatements(), Clock()
        self.costs = Costs(self.use, FakePriceBooks(), self.statements)
        self.clock.now = datetime(2026, 12, 4, tzinfo=UTC)
        self.closing = MonthClosing(self.costs, self.statements, self.clock)

    def run(self):
        """Return the numbers of new statements and adjustments."""
        done = [self.closing.process_tenant(tenant, "2026-12-04") for tenant in ("acme", "globex")]
        return tuple(sum(each[what] for each in done) for what in ("statements", "adjustments"))

    def use_late(self, amount, hour="2026-11-30T23"):
        hours = self.use.used["acme"]
        hours[hour] = {"predictions": hours.get(hour, {}).get("predictions", 0) + amount}


@pytest.fixture
def world():
    return World()


def test_a_month_is_closed_three_days_after_its_end_not_earlier(world):
    world.clock.now = datetime(2026, 12, 3, 23, 59, tzinfo=UTC)
    world.run()
    assert world.statements.statement("acme", "2026-11") is None
    world.clock.advance(minutes=1)
    assert world.run() == (2, 0)
    stated = world.statements.statement("acme", "2026-11")
    assert stated.lines == (CostLine("2026-11-30", "inference", "predictions", 5, 1, 5_000),)
    assert stated.closed_at == "2026-12-04T00:00:00.000000Z"
    assert world.statements.statement("acme", "2026-12") is None


def test_the_last_four_months_are_closed_even_without_usage(world):
    assert world.run() == (8, 0)
    assert sorted(month for tenant, month in world.statements.closed if tenant == "globex") == [
        "2026-08",
        "2026-09",
        "2026-10",
        "2026-11",
    ]


def test_a_repeated_run_has_no_effect(world):
    world.run()
    assert world.run() == (0, 0)


def test_late_usage_is_adjusted_in_the_open_month(world):
    world.run()
    stated = world.costs.lines("acme", "2026-11")
    world.use_late(2)
    assert world.run() == (0, 1)
    assert world.run() == (0, 0)
    assert world.costs.lines("acme", "2026-11") == stated
    assert world.costs.lines("acme", "2026-12") == (
        CostLine("2026-12-01", "inference", "predictions", 1, 1, 1_000),
        CostLine("2026-12-04", "inference", "predictions", 2, 1, 2_000, adjusts="2026-11"),
    )


def test_an_adjustment_may_be_a_credit_followed_by_another(world):
    world.run()
    for amount in (3, -4, -4):
        world.use_late(amount)
        world.clock.advance(days=1)
        assert world.run() == (0, 1)
    booked = [line for line in world.costs.lines("acme", "2026-12") if line.adjusts]
    assert [line.micros for line in booked] == [3_000, -4_000, -4_000]
    assert sum_micros(world.costs.lines("acme", "2026-11")) + sum_micros(booked) == sum_micros(
        world.costs.current_lines("acme", "2026-11")
    )


def test_an_adjustment_stays_in_the_month_it_was_booked_in(world):
    world.run()
    world.use_late(2)
    world.clock.now = datetime(2027, 1, 3, tzinfo=UTC)  # December has ended but is still open
    world.run()
    assert [line.adjusts for line in world.costs.lines("acme", "2027-01")] == ["2026-11"]
    world.clock.now = datetime(2027, 1, 4, tzinfo=UTC)
    world.run()
    world.clock.now = datetime(2027, 2, 4, tzinfo=UTC)
    assert world.run() == (2, 0)
    stated = world.statements.statement("acme", "2027-01")
    assert [(line.adjusts, line.micros) for line in stated.lines] == [("2026-11", 2_000)]
    assert world.run() == (0, 0)  # an adjustment booked in January is not usage of January


def test_every_micro_is_in_exactly_one_statement(world):
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
    assert sum(sum_micros(statement.lines) for statement in stated) == counted * 1_000


def test_concurrent_runs_close_and_adjust_once(world):
    class Twice(FakeStatements):
        """Statements that another run writes just before each call."""

        def close(self, tenant_id, statement):
            super().close(tenant_id, statement)
            return super().close(tenant_id, statement)

        def book_adjustment(self, tenant_id, adjustment, booked_in):
            super().book_adjustment(tenant_id, adjustment, booked_in)
            return super().book_adjustment(tenant_id, adjustment, booked_in)

    statements = Twice()
    costs = Costs(world.use, FakePriceBooks(), statements)
    closing = MonthClosing(costs, statements, world.clock)
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
def test_a_sweep_is_due_once_a_day(world, now, last, due):
    world.clock.now = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert world.closing.next_sweep(last) == due
