"""Ends batches before their results are complete."""

from collections.abc import Mapping
from typing import Any

from vigil.decisions.batches.charges import BatchCharges
from vigil.decisions.batches.model import Batch, BatchState
from vigil.decisions.batches.ports import BatchPorts

INACTIVE_TENANT: Mapping[str, Any] = {"reason": "tenant: is not active"}
"""Values of a batch that was cancelled because its tenant is suspended or leaves."""


def end_batch(
    ports: BatchPorts, charges: BatchCharges, batch: Batch, state: BatchState, values: Mapping[str, Any]
) -> None:
    """End an unfinished batch and release the charges of rows without an answer. Safe to repeat."""
    ports.batches.end(batch, state, ended_at=ports.now(), **values)
    if now := ports.batches.get(batch.tenant_id, batch.batch_id):
        charges.release_unused(now, ports.batches.chunks(now))
