"""Wiring of budgets and their hard stops."""

from datetime import datetime
from fractions import Fraction
from typing import TYPE_CHECKING

from vigil.bootstrap import access, costs, events, forecasting, metering, process, quota

if TYPE_CHECKING:
    from vigil.money.budgets.checks import BudgetCheck
    from vigil.money.budgets.hard_limits_service import HardLimits
    from vigil.money.budgets.service import Budgets
    from vigil.money.budgets.store import DynamoBudgets


@process.once
def service() -> "Budgets":
    """Return the service of budgets."""
    from vigil.money.budgets.service import Budgets

    return Budgets(_store(), costs.costs(), forecasting.projections(), _hard_stops(), process.now)


@process.once
def watch() -> "BudgetCheck":
    """Return what looks after budgets."""
    from vigil.money.budgets.checks import BudgetCheck

    return BudgetCheck(_store(), costs.costs(), _hard_stops(), events.bus("vigil.costs"), process.now)


def _hard_stops() -> "HardLimits":
    from vigil.money.budgets.hard_limits_service import HardLimits
    from vigil.money.usage.service import Usage

    use = Usage(metering.usage())
    return HardLimits(quota.stops(), access.tenants(), costs.costs(), use, _price, process.now)


def _price(moment: datetime) -> Fraction:
    """Return what one prediction costs at a moment."""
    from vigil.money.costs.model import price_book_at

    price = price_book_at(costs.prices().books(), f"{moment:%Y-%m-%dT%H}").price("predictions")
    assert price is not None  # noqa: S101 - every book has a price for every meter that is billed
    return price.cost(1, f"{moment:%Y-%m}")


@process.once
def _store() -> "DynamoBudgets":
    from vigil.money.budgets.store import DynamoBudgets

    return DynamoBudgets(process.client("dynamodb"), process.settings().costs_table)
