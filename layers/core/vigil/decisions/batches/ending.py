"""Ends batches before their results are complete."""

from collections.abc import Mapping
from typing import Any

from vigil.decisions.batches.charges import BatchCharges
from vigil.decisions.batches.model import Batch, BatchState
from vigil.decisions.batches.ports import BatchPorts
from vigil.kernel.events import Event, create_event

INACTIVE_TENANT: Mapping[str, Any] = {"reason": "tenant: is not active"}
"""Values of a batch that was cancelled because its tenant is suspended or leaves."""


def end_batch(
    ports: BatchPorts, charges: BatchCharges, batch: Batch, state: BatchState, values: Mapping[str, Any]
) -> None:
    """End an unfinished batch, release the charges of rows without an answer, and publish the end. Safe to repeat."""
    ports.batches.end(batch, state, ended_at=ports.now(), **values)
    if now := ports.batches.get(batch.tenant_id, batch.batch_id):
        charges.release_unused(now, ports.batches.chunks(now))
        if now.state == "failed":
            ports.publish(completed_event(now, now.state, now.ended_at or ports.now()))


def completed_event(batch: Batch, state: BatchState, ended_at: str) -> Event:
    """Return the event of a batch that ended. A repeated end has the same event id."""
    fields = {
        "tenant_id": batch.tenant_id,
        "batch_id": batch.batch_id,
        "correlation_id": batch.correlation_id,
        "state": state,
    }
    return create_event(batch.batch_id, "batches.completed", ended_at, fields)
