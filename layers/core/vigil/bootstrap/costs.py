"""Wiring of what use costs."""

from typing import TYPE_CHECKING

from vigil.bootstrap import access, metering, process

if TYPE_CHECKING:
    from vigil.costs.prices.store import DynamoPrices
    from vigil.costs.service import Costs
    from vigil.costs.store import DynamoStatements


@process.once
def api() -> process.Handler:
    """Return the Lambda entry of the API of costs, prices, budgets, anomalies and projections."""
    from vigil.bootstrap import budgets, forecasting  # whose wiring needs this one
    from vigil.budgets import routes as budgets_routes
    from vigil.costs import routes
    from vigil.costs.prices import routes as prices_routes
    from vigil.costs.prices.service import PriceBooks
    from vigil.forecasting import routes as forecasting_routes

    return process.api(
        [routes.router, prices_routes.router, budgets_routes.router, forecasting_routes.router],
        anomalies=forecasting.anomalies(),
        projections=forecasting.projections(),
        costs=costs(),
        budgets=budgets.service(),
        price_books=PriceBooks(prices(), process.now),
        cursors=process.cursors(),
        claims=process.claims(),
    )


@process.once
def closing() -> process.Handler:
    """Return the Lambda entry of the schedule that closes months."""
    from vigil.costs.closing import Closing
    from vigil.costs.schedule import ClosingSchedule

    books = Closing(access.tenants().ids, costs(), statements(), process.now)
    return process.telemetry().wrap(ClosingSchedule(books, process.telemetry()).handle)


@process.once
def watch() -> process.Handler:
    """Return the Lambda entry of the schedule that brings in calls, then looks after budgets and unusual spend."""
    from vigil.bootstrap import budgets, forecasting  # whose wiring needs this one
    from vigil.costs.rounds.schedule import WatchSchedule
    from vigil.costs.rounds.service import Rounds
    from vigil.costs.rounds.store import DynamoPlaces

    places = DynamoPlaces(process.client("dynamodb"), process.settings().costs_table)
    rounds = Rounds(access.tenants().ids, [metering.calls(), budgets.watch(), forecasting.watch()], places)
    return process.telemetry().wrap(WatchSchedule(rounds, process.telemetry()).handle)


@process.once
def costs() -> "Costs":
    """Return what tells what use costs."""
    from vigil.costs.service import Costs
    from vigil.metering.service import Usage

    return Costs(Usage(metering.usage()), prices(), statements())


@process.once
def prices() -> "DynamoPrices":
    """Return the price books."""
    from vigil.costs.prices.store import DynamoPrices

    return DynamoPrices(process.client("dynamodb"), process.settings().costs_table)


@process.once
def statements() -> "DynamoStatements":
    """Return what is stated of closed months."""
    from vigil.costs.store import DynamoStatements

    return DynamoStatements(process.client("dynamodb"), process.settings().costs_table)
