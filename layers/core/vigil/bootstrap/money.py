"""Wires usage, costs, budgets with their hard limits, and forecasts."""

from datetime import datetime
from fractions import Fraction
from typing import TYPE_CHECKING

from vigil.bootstrap import access, process, stores

if TYPE_CHECKING:
    from vigil.money.budgets.checks import BudgetCheck
    from vigil.money.budgets.hard_limits_service import HardLimits
    from vigil.money.budgets.service import Budgets
    from vigil.money.budgets.store import DynamoBudgets
    from vigil.money.costs.ports import SpendCheck
    from vigil.money.costs.prices.books_service import CachedPriceBooks
    from vigil.money.costs.prices.store import DynamoPriceBooks
    from vigil.money.costs.service import Costs
    from vigil.money.costs.store import DynamoStatements
    from vigil.money.forecasting.checks import AnomalyCheck
    from vigil.money.forecasting.service import Anomalies, Projections
    from vigil.money.forecasting.store import DynamoAnomalies
    from vigil.money.usage.events.service import UsageEvents
    from vigil.money.usage.recount_sources import RequestCountSource


@process.entry("access_table", "limits_table", "usage_table")
def usage_api() -> process.Handler:
    """Return the Lambda entry of the API of usage."""
    from vigil.money.usage import routes
    from vigil.money.usage.events import routes as events_routes
    from vigil.money.usage.service import Usage

    return process.api(
        [routes.router, events_routes.router],
        media_types=events_routes.MEDIA_TYPES,
        usage=Usage(stores.usage()),
        limits_of=access.limits_of,
        usage_events=_usage_events(),
    )


@process.entry("usage_table")
def usage_counters() -> process.Handler:
    """Return the Lambda entry that counts the rows in the streams of decisions and batches."""
    from vigil.money.usage.service import UsageCounter
    from vigil.money.usage.stream import StreamCounter

    return process.telemetry().wrap(StreamCounter(UsageCounter(stores.usage()), process.telemetry()).handle)


@process.entry("dead_letters", "usage_table")
def usage_events() -> process.Handler:
    """Return the Lambda entry of the queue of usage events."""
    from vigil.money.usage.events.stream import UsageEventWorker

    return process.worker(UsageEventWorker(_usage_events()).process)


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
    from vigil.decisions.batches.done_chunks_store import DoneChunks
    from vigil.decisions.batches.files_model import FOLDERS
    from vigil.money.usage.audit import UsageAudit
    from vigil.money.usage.bucket_store import S3StoredFiles
    from vigil.money.usage.recount_sources import LedgerReader, PredictionSource, ReportedUsageSource
    from vigil.money.usage.storage_meter import StorageMeter
    from vigil.money.usage.stream_entries import chunk_entry, decision_entry

    config, usage, tenant_ids = process.settings(), stores.usage(), access.tenants().ids
    chunks = DoneChunks(process.client("dynamodb"), config.batches_table)
    ledgers: list[LedgerReader] = [(stores.ledger(), decision_entry), (chunks, chunk_entry)]
    recounts = (PredictionSource(ledgers, usage), ReportedUsageSource(usage), _call_counts())
    gauges = StorageMeter(usage, S3StoredFiles(process.client("s3"), config.batches_bucket, FOLDERS), process.now)
    jobs = {
        "recount": process.sweep("recount", UsageAudit(recounts, usage, process.now), config.usage_table, tenant_ids),
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
        price_books=PriceBooks(_stored_prices(), process.now, _prices().expire),
        cursors=process.cursors(),
        claims=process.claims(),
    )


@process.entry("access_table", "costs_table", "usage_table")
def costs_closing() -> process.Handler:
    """Return the Lambda entry of the schedule that closes months."""
    from vigil.money.costs.closing import MonthClosing

    closing = MonthClosing(costs(), _statements(), process.now)
    return process.sweep("closing", closing, process.settings().costs_table, access.tenants().ids)


@process.entry("access_table", "costs_table", "event_bus", "limits_table", "usage_table")
def costs_checks() -> process.Handler:
    """Return the Lambda entry of the schedule that counts requests, then checks budgets and unusual spend."""
    from vigil.money.costs.checks import SpendChecks

    checks: list[SpendCheck] = [_call_counts(), budget_checks(), anomaly_checks()]
    return process.sweep(
        "watch", SpendChecks(checks, process.now), process.settings().costs_table, access.tenants().ids
    )


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
def budget_checks() -> "BudgetCheck":
    """Return the check of a tenant's budgets."""
    from vigil.money.budgets.checks import BudgetCheck

    return BudgetCheck(_budgets(), costs(), _hard_limits(), stores.event_bus("vigil.costs"), process.now)


@process.once
def anomaly_checks() -> "AnomalyCheck":
    """Return the check for unusual spend of a tenant."""
    from vigil.money.forecasting.checks import AnomalyCheck

    return AnomalyCheck(_anomaly_store(), costs(), stores.event_bus("vigil.costs"), process.now)


def _anomalies() -> "Anomalies":
    from vigil.money.forecasting.service import Anomalies

    return Anomalies(_anomaly_store(), costs(), process.now)


def _projections() -> "Projections":
    from vigil.money.forecasting.service import Projections

    return Projections(costs(), process.now)


def _hard_limits() -> "HardLimits":
    from vigil.money.budgets.hard_limits_service import HardLimits
    from vigil.money.usage.service import Usage

    use = Usage(stores.usage())
    return HardLimits(stores.hard_limits(), access.tenants(), costs(), use, _price, process.now)


def _price(moment: datetime) -> Fraction:
    """Return the price of one prediction at a moment, in micros."""
    from vigil.money.costs.model import price_book_at

    price = price_book_at(_prices().books(), f"{moment:%Y-%m-%dT%H}").price("predictions")
    assert price is not None  # noqa: S101 - every price book has a price for each billed meter
    return price.cost(1, f"{moment:%Y-%m}")


def _usage_events() -> "UsageEvents":
    from vigil.money.usage.events.service import UsageEvents
    from vigil.money.usage.service import UsageCounter

    return UsageEvents(UsageCounter(stores.usage()), process.now)


@process.once
def _call_counts() -> "RequestCountSource":
    from vigil.money.usage.recount_sources import RequestCountSource
    from vigil.money.usage.store import DynamoRequestCounts

    counted = DynamoRequestCounts(process.client("dynamodb"), process.settings().limits_table)
    return RequestCountSource(counted, stores.usage(), process.now)


@process.once
def _prices() -> "CachedPriceBooks":
    from vigil.money.costs.prices.books_service import CachedPriceBooks

    return CachedPriceBooks(_stored_prices(), process.now, process.cache_reports())


def _stored_prices() -> "DynamoPriceBooks":
    from vigil.money.costs.prices.store import DynamoPriceBooks

    return DynamoPriceBooks(process.client("dynamodb"), process.settings().costs_table)


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
