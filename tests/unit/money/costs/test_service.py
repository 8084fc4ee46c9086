"""An open month is priced from current usage; a closed month does not change."""

from fractions import Fraction

import pytest

from tests.support.fakes.costs import FakeHourlyUsage, FakePriceBooks, FakeStatements
from vigil.money.costs.model import Adjustment, CostLine, CostStatement
from vigil.money.costs.service import Costs

LATE = CostLine("2026-11-04", "inference", "predictions", -2, 1, -2_000, "2026-10")


@pytest.fixture
def world():
    use = FakeHourlyUsage(
        acme={"2026-11-01T05": {"predictions": 2, "api_calls": 3}, "2026-10-31T23": {"predictions": 9}}
    )
    statements = FakeStatements()
    return Costs(use, FakePriceBooks(), statements), use, statements


def test_an_open_month_is_priced_from_current_usage(world):
    costs, use, _ = world
    assert [(line.category, line.micros) for line in costs.lines("acme", "2026-11")] == [
        ("api_calls", 300),
        ("inference", 2_000),
    ]
    use.used["acme"]["2026-11-02T00"] = {"predictions": 1}
    assert costs.lines("acme", "2026-11")[-1] == CostLine("2026-11-02", "inference", "predictions", 1, 1, 1_000)


def test_another_tenant_has_its_own_lines(world):
    assert world[0].lines("globex", "2026-11") == ()


def test_an_open_month_includes_adjustments_of_earlier_months(world):
    costs, _, statements = world
    statements.book_adjustment("acme", Adjustment("2026-10", 1, (LATE,)), "2026-11")
    assert costs.lines("acme", "2026-11")[-1] == LATE
    assert costs.current_lines("acme", "2026-11") == costs.lines("acme", "2026-11")[:-1]


def test_a_closed_month_does_not_change_with_later_usage(world):
    costs, use, statements = world
    stated = costs.lines("acme", "2026-10")
    statements.close("acme", CostStatement("2026-10", stated, "2026-11-04T00:00:00Z"))
    use.used["acme"]["2026-10-31T23"] = {"predictions": 10}
    assert costs.lines("acme", "2026-10") == stated
    assert costs.current_lines("acme", "2026-10") != stated


def test_hours_are_priced_without_rounding(world):
    costs, use, _ = world
    use.used["acme"]["2026-11-01T06"] = {"webhooks": 1, "emails": 1}
    assert costs.hourly_costs("acme", "2026-11") == (
        ("2026-11-01T05", "inference", Fraction(2_000)),
        ("2026-11-01T05", "api_calls", Fraction(300)),
        ("2026-11-01T06", "third_party", Fraction(1, 5) + 100),
    )
