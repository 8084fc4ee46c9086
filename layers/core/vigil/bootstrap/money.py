"""Wires usage, costs, budgets with their hard limits, and forecasts."""

from datetime import datetime
from fractions import Fraction
from typing import TYPE_CHECKING

from vigil.bootstrap import access, process, stores

if TYPE_CHECKING:
    from vigil.money.budgets.checks import Watch as BudgetChecks
    from vigil.money.budgets.hard_limits_service import HardStops
    from vigil.money.budgets.service import Budgets
    from vigil.money.budgets.store import DynamoBudgets
    from vigil.money.costs.ports import Look
    from vigil.money.costs.prices.store import DynamoPrices
    from vigil.money.costs.service import Costs
    from vigil.money.costs.store import DynamoStatements
    from vigil.money.forecasting.checks import Watch as AnomalyChecks
    from vigil.money.forecasting.service import Anomalies, Projections
    from vigil.money.forecasting.store import DynamoAnomalies
    from vigil.money.usage.events.service import UsageEvents
    from vigil.money.usage.recount_sources import CallCounts


@process.entry("access_table", "limits_table", "usage_table")
def usage_api() -> process.Handler:
    """Return the Lambda entry of the API of usage."""
    from vigil.money.usage import routes
    from vigil.money.usage.events import routes as events_routes
    from vigil.money.usage.service import Usage

    return process.api(
        [routes.router, events_routes.router],
        media_types=("application/json", events_routes.MEDIA_TYPE),
        usage=Usage(stores.usage()),
        limits_of=access.limits_of,
        usage_events=_usage_events(),
    )


@process.entry("usage_table")
def usage_counters() -> process.Handler:
    """Return the Lambda entry that counts the rows in the streams of decisions and batches."""
    from vigil.money.usage.service import Meter
    from vigil.money.usage.stream import RowCounts

    return process.telemetry().wrap(RowCounts(Meter(stores.usage()), process.telemetry()).handle)


@process.entry("dead_letters", "usage_table")
def usage_events() -> process.Handler:
    """Return the Lambda entry of the queue of usage events."""
    from vigil.money.usage.events.stream import UsageEventWork

    return process.worker(UsageEventWork(_usage_events()).do)


@process.entry(
    "access_table",
    "batches_bucket",
    "batches_table",
    "decisions_table",
    "limits_table",
    "subjects_table",
    "usage_table",
)
def usage_sweeps() -> process.Handler:
    """Return the Lambda entry of two schedules: `{"job": "recount"}` recounts days, `gauges` measures stored bytes."""
    from vigil.decisions.batches.done_chunks_store import SettledChunks
    from vigil.decisions.batches.model import FOLDERS
    from vigil.money.usage.audit import Audit
    from vigil.money.usage.bucket_store import S3Bytes
    from vigil.money.usage.recount_sources import Ledger, Predictions, Reported
    from vigil.money.usage.storage_meter import Gauges
    from vigil.money.usage.stream_entries import of_chunk, of_decision

    config, usage, tenant_ids = process.settings(), stores.usage(), access.tenants().ids
    chunks = SettledChunks(process.client("dynamodb"), config.batches_table)
    ledgers: list[Ledger] = [(stores.ledger(), of_decision), (chunks, of_chunk)]
    recounts = (Predictions(ledgers, usage), Reported(usage), _call_counts())
    gauges = Gauges(usage, S3Bytes(process.client("s3"), config.batches_bucket, FOLDERS), process.now)
    jobs = {
        "recount": process.sweep("recount", Audit(recounts, usage, process.now), config.usage_table, tenant_ids),
        "gauges": process.sweep("gauges", gauges, config.usage_table, tenant_ids),
    }
    return lambda event, context: jobs[event["job"]](event, context)


@process.entry("access_table", "costs_table", "cursor_secret_arn", "idempotency_table", "limits_table", "usage_table")
def costs_api() -> process.Handler:
    """Return the Lambda entry of the API of costs, prices, budgets, anomalies and projections."""
    from vigil.money.budgets import routes as budgets_routes
    from vigil.money.costs import routes
    from vigil.money.costs.prices import routes as prices_routes
    from vigil.money.costs.prices.service import PriceBooks
    from vigil.money.forecasting import routes as forecasting_routes

    return process.api(
        [routes.router, prices_routes.router, budgets_routes.router, forecasting_routes.router],
        anomalies=_anomalies(),
        projections=_projections(),
        costs=costs(),
        limits_of=access.limits_of,
        budgets=budgets(),
        price_books=PriceBooks(_prices(), process.now),
        cursors=process.cursors(),
        claims=process.claims(),
    )


@process.entry("access_table", "costs_table", "usage_table")
def costs_closing() -> process.Handler:
    """Return the Lambda entry of the schedule that closes months."""
    from vigil.money.costs.closing import Closing

    closing = Closing(costs(), _statements(), process.now)
    return process.sweep("closing", closing, process.settings().costs_table, access.tenants().ids)


@process.entry("access_table", "costs_table", "event_bus", "limits_table", "usage_table")
def spend_checks() -> process.Handler:
    """Return the Lambda entry of the schedule that counts requests, then checks budgets and unusual spend."""
    from vigil.money.costs.checks import Watch

    checks: list[Look] = [_call_counts(), budget_checks(), anomaly_checks()]
    return process.sweep("watch", Watch(checks, process.now), process.settings().costs_table, access.tenants().ids)


@process.once
def costs() -> "Costs":
    """Return the service of costs."""
    from vigil.money.costs.service import Costs
    from vigil.money.usage.service import Usage

    return Costs(Usage(stores.usage()), _prices(), _statements())


@process.once
def budgets() -> "Budgets":
    """Return the service of budgets."""
    from vigil.money.budgets.service import Budgets

    return Budgets(_budgets(), costs(), _projections(), _hard_limits(), process.now)


@process.once
def budget_checks() -> "BudgetChecks":
    """Return the check of a tenant's budgets."""
    from vigil.money.budgets.checks import Watch

    return Watch(_budgets(), costs(), _hard_limits(), stores.event_bus("vigil.costs"), process.now)


@process.once
def anomaly_checks() -> "AnomalyChecks":
    """Return the check for unusual spend of a tenant."""
    from vigil.money.forecasting.checks import Watch

    return Watch(_anomaly_store(), costs(), stores.event_bus("vigil.costs"), process.now)


def _anomalies() -> "Anomalies":
    from vigil.money.forecasting.service import Anomalies

    return Anomalies(_anomaly_store(), costs(), process.now)


def _projections() -> "Projections":
    from vigil.money.forecasting.service import Projections

    return Projections(costs(), process.now)


def _hard_limits() -> "HardStops":
    from vigil.money.budgets.hard_limits_service import HardStops
    from vigil.money.usage.service import Usage

    use = Usage(stores.usage())
    return HardStops(stores.hard_limits(), access.tenants(), costs(), use, _price, process.now)


def _price(moment: datetime) -> Fraction:
    """Return the price of one prediction at a moment, in micros."""
    from vigil.money.costs.model import book_at

    price = book_at(_prices().books(), f"{moment:%Y-%m-%dT%H}").price("predictions")
    assert price is not None  # noqa: S101 - every price book has a price for each billed meter
    return price.of(1, f"{moment:%Y-%m}")


def _usage_events() -> "UsageEvents":
    from vigil.money.usage.events.service import UsageEvents
    from vigil.money.usage.service import Meter

    return UsageEvents(Meter(stores.usage()), process.now)


@process.once
def _call_counts() -> "CallCounts":
    from vigil.money.usage.recount_sources import CallCounts
    from vigil.money.usage.store import DynamoCalls

    counted = DynamoCalls(process.client("dynamodb"), process.settings().limits_table)
    return CallCounts(counted, stores.usage(), process.now)


@process.once
def _prices() -> "DynamoPrices":
    from vigil.money.costs.prices.store import DynamoPrices

    return DynamoPrices(process.client("dynamodb"), process.settings().costs_table)


@process.once
def _statements() -> "DynamoStatements":
    from vigil.money.costs.store import DynamoStatements

    return DynamoStatements(process.client("dynamodb"), process.settings().costs_table)


@process.once
def _budgets() -> "DynamoBudgets":
    from vigil.money.budgets.store import DynamoBudgets

    return DynamoBudgets(process.client("dynamodb"), process.settings().costs_table)


@process.once
def _anomaly_store() -> "DynamoAnomalies":
    from vigil.money.forecasting.store import DynamoAnomalies

    return DynamoAnomalies(process.client("dynamodb"), process.settings().costs_table)
