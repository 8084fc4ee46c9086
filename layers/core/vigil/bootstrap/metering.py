"""Wiring of what is counted."""

from typing import TYPE_CHECKING

from vigil.bootstrap import access, process, scoring

if TYPE_CHECKING:
    from vigil.metering.store import DynamoUsage
    from vigil.tenancy.model import Limits


@process.once
def api() -> process.Handler:
    """Return the Lambda entry of the API of usage."""
    from vigil.metering import routes
    from vigil.metering.service import Usage

    return process.api([routes.router], usage=Usage(usage()), limits_of=_limits_of)


@process.once
def counters() -> process.Handler:
    """Return the Lambda entry that counts what the decisions table's stream brings."""
    from vigil.metering.service import Meter
    from vigil.metering.stream import DecisionCounts

    return process.telemetry().wrap(DecisionCounts(Meter(usage()), process.telemetry()).handle)


@process.once
def audit() -> process.Handler:
    """Return the Lambda entry of the schedules that recount yesterday and bring in the calls of past hours."""
    from vigil.metering.audit import Audit
    from vigil.metering.schedule import AuditSchedule
    from vigil.metering.store import DynamoCalls

    calls = DynamoCalls(process.client("dynamodb"), process.settings().limits_table)
    books = Audit(access.tenants().ids, scoring.ledger(), usage(), calls, process.now)
    return process.telemetry().wrap(AuditSchedule(books, process.telemetry()).handle)


def _limits_of(tenant_id: str) -> "Limits":
    """Return what holds for any tenant; raise NotFound."""
    return access.tenants().get(tenant_id).limits


@process.once
def usage() -> "DynamoUsage":
    """Return the counters of all tenants."""
    from vigil.metering.store import DynamoUsage

    return DynamoUsage(process.client("dynamodb"), process.settings().usage_table)
