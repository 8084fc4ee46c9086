"""Ends batches before their results are complete."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from vigil.decisions.batches.charges import BatchCharges
from vigil.decisions.batches.model import Batch, BatchState
from vigil.decisions.batches.ports import BatchPorts
from vigil.kernel.events import Event, create_event

INACTIVE_TENANT: Mapping[str, Any] = {"reason": "tenant: is not active"}
"""Values of a batch that was cancelled because its tenant is suspended or leaves."""

_TIMELY = timedelta(minutes=15)
"""Time within which a batch is completed, by its objective."""
_TIMELY_ROWS = 100_000
"""Maximum rows of a batch with an objective."""


def has_objective(batch: Batch) -> bool:
    """Return True if the objective of batches covers a batch of this size."""
    return batch.rows <= _TIMELY_ROWS


def is_late(batch: Batch) -> bool:
    """Return True if an ended batch took longer than its objective allows.

    The time begins with the request of a batch with inline rows, and with the first chunk of an uploaded file.
    """
    began = batch.created_at if batch.inline else batch.started_at or batch.created_at
    return datetime.fromisoformat(batch.ended_at) - datetime.fromisoformat(began) > _TIMELY


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
