"""Events about findings: one when a finding is stored, and one when a person decides about it."""

from datetime import UTC, date, datetime, time, timedelta

from vigil.kernel.events import Event, create_event
from vigil.kernel.time import format_timestamp
from vigil.monitoring.findings.records_model import FindingRecord
from vigil.monitoring.findings.words_model import next_step


def to_event(tenant_id: str, record: FindingRecord) -> Event:
    """Return the event of a record's state: `findings.opened` without a decision, `findings.decided` with one.

    Equal records give equal events, with the id `<finding id>.<kind>`. The time of the event is that of the decision,
    or the midnight in UTC that ends the finding's day. The event has no text of the finding, because the text names
    features and sizes.
    """
    finding = record.finding
    fields = {
        "tenant_id": tenant_id,
        "finding_id": record.finding_id,
        "model": record.model,
        "version": finding.version,
        "kind": finding.kind,
        "since": finding.since,
        "next_step": next_step(finding),
        "state": record.state,
    }
    if record.decided_at is not None:
        return create_event(record.finding_id, "findings.decided", record.decided_at, fields)
    return create_event(record.finding_id, "findings.opened", _end_of(finding.day), fields)


def _end_of(day: str) -> str:
    midnight = datetime.combine(date.fromisoformat(day), time(), UTC)
    return format_timestamp(midnight + timedelta(days=1))
