"""Wiring of what is counted."""

from typing import TYPE_CHECKING

from vigil.bootstrap import access, process, rounds, scoring

if TYPE_CHECKING:
    from vigil.money.usage.events.service import UsageEvents
    from vigil.money.usage.recount_sources import CallCounts
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
    from vigil.money.usage.service import Meter
    from vigil.money.usage.stream import RowCounts

    return process.telemetry().wrap(RowCounts(Meter(usage()), process.telemetry()).handle)


@process.once
def events() -> process.Handler:
    """Return the Lambda entry of the queue of usage events."""
    from vigil.money.usage.events.stream import UsageEventWork

    return process.worker(UsageEventWork(_usage_events()).do)


@process.once
def audit() -> process.Handler:
    """Return the Lambda entry of the schedules that recount days (`{"job": "recount"}`) and say what is stored."""
    from vigil.decisions.batches.done_chunks_store import DoneChunks
    from vigil.decisions.batches.model import FOLDERS
    from vigil.money.usage.audit import Audit
    from vigil.money.usage.bucket_store import S3Bytes
    from vigil.money.usage.recount_sources import Ledger, Predictions, Reported
    from vigil.money.usage.storage_meter import Gauges
    from vigil.money.usage.stream_entries import of_chunk, of_decision

    config, dynamodb = process.settings(), process.client("dynamodb")
    chunks = DoneChunks(dynamodb, config.batches_table)
    ledgers: list[Ledger] = [(scoring.ledger(), of_decision), (chunks, of_chunk)]
    recounts = (Predictions(ledgers, usage()), Reported(usage()), calls())
    gauges = Gauges(usage(), S3Bytes(process.client("s3"), config.batches_bucket, FOLDERS), process.now)
    jobs = {
        "recount": rounds.schedule("recount", Audit(recounts, usage(), process.now), config.usage_table),
        "gauges": rounds.schedule("gauges", gauges, config.usage_table),
    }
    return lambda event, context: jobs[event["job"]](event, context)


def _usage_events() -> "UsageEvents":
    from vigil.money.usage.events.service import UsageEvents
    from vigil.money.usage.service import Meter

    return UsageEvents(Meter(usage()), process.now)


@process.once
def calls() -> "CallCounts":
    """Return what brings the requests that were let in into the counters."""
    from vigil.money.usage.recount_sources import CallCounts
    from vigil.money.usage.store import DynamoCalls

    return CallCounts(DynamoCalls(process.client("dynamodb"), process.settings().limits_table), usage(), process.now)


@process.once
def usage() -> "DynamoUsage":
    """Return the counters of all tenants."""
    from vigil.money.usage.store import DynamoUsage

    return DynamoUsage(process.client("dynamodb"), process.settings().usage_table)
