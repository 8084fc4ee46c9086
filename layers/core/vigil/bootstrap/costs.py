"""Wiring of what use costs."""

from typing import TYPE_CHECKING

from vigil.bootstrap import access, metering, process, rounds

if TYPE_CHECKING:
    from vigil.money.costs.ports import SpendCheck
    from vigil.money.costs.prices.store import DynamoPriceBooks
    from vigil.money.costs.service import Costs
    from vigil.money.costs.store import DynamoStatements


@process.once
def api() -> process.Handler:
    """Return the Lambda entry of the API of costs, prices, budgets, anomalies and projections."""
    from vigil.bootstrap import budgets, forecasting  # whose wiring needs this one
    from vigil.money.budgets import routes as budgets_routes
    from vigil.money.costs import routes
    from vigil.money.costs.prices import routes as prices_routes
    from vigil.money.costs.prices.service import PriceBooks
    from vigil.money.forecasting import routes as forecasting_routes

    return process.api(
        [routes.router, prices_routes.router, budgets_routes.router, forecasting_routes.router],
        anomalies=forecasting.anomalies(),
        projections=forecasting.projections(),
        costs=costs(),
        limits_of=access.limits_of,
        budgets=budgets.service(),
        price_books=PriceBooks(prices(), process.now),
        cursors=process.cursors(),
        claims=process.claims(),
    )


@process.once
def closing() -> process.Handler:
    """Return the Lambda entry of the schedule that closes months."""
    from vigil.money.costs.closing import MonthClosing

    return rounds.schedule("closing", MonthClosing(costs(), statements(), process.now), process.settings().costs_table)


@process.once
def watch() -> process.Handler:
    """Return the Lambda entry of the schedule that brings in calls, then looks after budgets and unusual spend."""
    from vigil.bootstrap import budgets, forecasting  # whose wiring needs this one
    from vigil.money.costs.checks import SpendChecks

    looks: list[SpendCheck] = [metering.calls(), budgets.watch(), forecasting.watch()]
    return rounds.schedule("watch", SpendChecks(looks, process.now), process.settings().costs_table)


@process.once
def costs() -> "Costs":
    """Return what tells what use costs."""
    from vigil.money.costs.service import Costs
    from vigil.money.usage.service import Usage

    return Costs(Usage(metering.usage()), prices(), statements())


@process.once
def prices() -> "DynamoPriceBooks":
    """Return the price books."""
    from vigil.money.costs.prices.store import DynamoPriceBooks

    return DynamoPriceBooks(process.client("dynamodb"), process.settings().costs_table)


@process.once
def statements() -> "DynamoStatements":
    """Return what is stated of closed months."""
    from vigil.money.costs.store import DynamoStatements

    return DynamoStatements(process.client("dynamodb"), process.settings().costs_table)
