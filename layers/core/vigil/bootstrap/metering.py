"""Wiring of what is counted."""

from typing import TYPE_CHECKING

from vigil.bootstrap import access, process, rounds, scoring

if TYPE_CHECKING:
    from vigil.money.usage.events.service import UsageEvents
    from vigil.money.usage.recount_sources import RequestCountSource
    from vigil.money.usage.store import DynamoUsage


@process.once
def api() -> process.Handler:
    """Return the Lambda entry of the API of usage."""
    from vigil.money.usage import routes
    from vigil.money.usage.events import routes as events_routes
    from vigil.money.usage.service import Usage

    return process.api(
        [routes.router, events_routes.router],
        media_types=("application/json", events_routes.MEDIA_TYPE),
        usage=Usage(usage()),
        limits_of=access.limits_of,
        usage_events=_usage_events(),
    )


@process.once
def counters() -> process.Handler:
    """Return the Lambda entry that counts what the streams of decisions and batches bring."""
    from vigil.money.usage.service import UsageCounter
    from vigil.money.usage.stream import StreamCounter

    return process.telemetry().wrap(StreamCounter(UsageCounter(usage()), process.telemetry()).handle)


@process.once
def events() -> process.Handler:
    """Return the Lambda entry of the queue of usage events."""
    from vigil.money.usage.events.stream import UsageEventWorker

    return process.worker(UsageEventWorker(_usage_events()).process)


@process.once
def audit() -> process.Handler:
    """Return the Lambda entry of the schedules that recount days (`{"job": "recount"}`) and say what is stored."""
    from vigil.decisions.batches.done_chunks_store import DoneChunks
    from vigil.decisions.batches.model import FOLDERS
    from vigil.money.usage.audit import UsageAudit
    from vigil.money.usage.bucket_store import S3StoredFiles
    from vigil.money.usage.recount_sources import LedgerReader, PredictionSource, ReportedUsageSource
    from vigil.money.usage.storage_meter import StorageMeter
    from vigil.money.usage.stream_entries import chunk_entry, decision_entry

    config, dynamodb = process.settings(), process.client("dynamodb")
    chunks = DoneChunks(dynamodb, config.batches_table)
    ledgers: list[LedgerReader] = [(scoring.ledger(), decision_entry), (chunks, chunk_entry)]
    recounts = (PredictionSource(ledgers, usage()), ReportedUsageSource(usage()), calls())
    gauges = StorageMeter(usage(), S3StoredFiles(process.client("s3"), config.batches_bucket, FOLDERS), process.now)
    jobs = {
        "recount": rounds.schedule("recount", UsageAudit(recounts, usage(), process.now), config.usage_table),
        "gauges": rounds.schedule("gauges", gauges, config.usage_table),
    }
    return lambda event, context: jobs[event["job"]](event, context)


def _usage_events() -> "UsageEvents":
    from vigil.money.usage.events.service import UsageEvents
    from vigil.money.usage.service import UsageCounter

    return UsageEvents(UsageCounter(usage()), process.now)


@process.once
def calls() -> "RequestCountSource":
    """Return what brings the requests that were let in into the counters."""
    from vigil.money.usage.recount_sources import RequestCountSource
    from vigil.money.usage.store import DynamoRequestCounts

    return RequestCountSource(
        DynamoRequestCounts(process.client("dynamodb"), process.settings().limits_table), usage(), process.now
    )


@process.once
def usage() -> "DynamoUsage":
    """Return the counters of all tenants."""
    from vigil.money.usage.store import DynamoUsage

    return DynamoUsage(process.client("dynamodb"), process.settings().usage_table)
