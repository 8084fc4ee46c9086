"""Wiring of what is counted."""

from typing import TYPE_CHECKING

from vigil.bootstrap import access, process, scoring

if TYPE_CHECKING:
    from vigil.metering.events.service import UsageEvents
    from vigil.metering.recounts import CallCounts
    from vigil.metering.store import DynamoUsage
    from vigil.tenancy.model import Limits


@process.once
def api() -> process.Handler:
    """Return the Lambda entry of the API of usage."""
    from vigil.metering import routes
    from vigil.metering.events import routes as events_routes
    from vigil.metering.service import Usage

    return process.api(
        [routes.router, events_routes.router],
        media_types=("application/json", events_routes.MEDIA_TYPE),
        usage=Usage(usage()),
        limits_of=_limits_of,
        usage_events=_usage_events(),
    )


@process.once
def counters() -> process.Handler:
    """Return the Lambda entry that counts what the streams of decisions and batches bring."""
    from vigil.metering.service import Meter
    from vigil.metering.stream import RowCounts

    return process.telemetry().wrap(RowCounts(Meter(usage()), process.telemetry()).handle)


@process.once
def events() -> process.Handler:
    """Return the Lambda entry of the queue of usage events."""
    from vigil.metering.events.stream import UsageEventWork

    return process.worker(UsageEventWork(_usage_events()).do)


@process.once
def audit() -> process.Handler:
    """Return the Lambda entry of the schedules that recount yesterday and say what is stored."""
    from vigil.batches.settled.store import SettledChunks
    from vigil.metering.audit import Audit
    from vigil.metering.gauges import Gauges
    from vigil.metering.objects.store import S3Bytes
    from vigil.metering.recounts import Ledger, Predictions, Reported
    from vigil.metering.rows import of_chunk, of_decision
    from vigil.metering.schedule import AuditSchedule

    config, dynamodb, tenants = process.settings(), process.client("dynamodb"), access.tenants().ids
    chunks = SettledChunks(dynamodb, config.batches_table)
    ledgers: list[Ledger] = [(scoring.ledger(), of_decision), (chunks, of_chunk)]
    recounts = (Predictions(ledgers, usage()), Reported(usage()), calls())
    audited = Audit(tenants, recounts, usage(), process.now)
    gauges = Gauges(tenants, usage(), S3Bytes(process.client("s3"), config.batches_bucket), process.now)
    return process.telemetry().wrap(AuditSchedule(audited, gauges, process.telemetry()).handle)


def _usage_events() -> "UsageEvents":
    from vigil.metering.events.service import UsageEvents
    from vigil.metering.service import Meter

    return UsageEvents(Meter(usage()), process.now)


def _limits_of(tenant_id: str) -> "Limits":
    """Return what holds for any tenant; raise NotFound."""
    return access.tenants().get(tenant_id).limits


@process.once
def calls() -> "CallCounts":
    """Return what brings the requests that were let in into the counters."""
    from vigil.metering.recounts import CallCounts
    from vigil.metering.store import DynamoCalls

    return CallCounts(DynamoCalls(process.client("dynamodb"), process.settings().limits_table), usage(), process.now)


@process.once
def usage() -> "DynamoUsage":
    """Return the counters of all tenants."""
    from vigil.metering.store import DynamoUsage

    return DynamoUsage(process.client("dynamodb"), process.settings().usage_table)
