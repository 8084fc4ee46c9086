"""Planted bugs of batches: a ledger that counts twice, and two ways to leave a batch standing."""

import uuid
from dataclasses import replace
from typing import Any

from tests.faults.batching import SmallChunks
from vigil.aws.errors import ConditionFailed
from vigil.aws.tables import Table
from vigil.aws.transactions import Part
from vigil.decisions.batches.chunks import ChunkScoring
from vigil.decisions.batches.model import Batch, Chunk, ChunkState
from vigil.decisions.batches.splits import FileSplitting
from vigil.decisions.batches.store import _chunk_key, _outcome, _update


class CountsTwice(SmallChunks):
    """Enters a chunk whatever became of it before."""

    def settle(self, batch: Batch, chunk: Chunk, was: ChunkState) -> bool:
        # the nonce: a write that changes nothing is not in the stream
        update = _update(_chunk_key(batch, chunk), _outcome(batch, chunk) | {"nonce": uuid.uuid4().hex})
        self._table.call("update_item", **update)
        return True


class OverlooksTheEnd(SmallChunks):
    """Enters a chunk of a batch that has been cancelled meanwhile."""

    def _transact(self, *writes: Part) -> list[bool]:
        settling = "#settled_at" in str(writes)
        return super()._transact(*(writes[:1] if settling else writes))


class TrustsFirstAnswer(SmallChunks):
    """Takes a refusal for another's write, although the client library may have sent its own a second time."""

    def __init__(self, client: Any, table: str) -> None:
        super().__init__(client, table)
        self._table = Forgetful(client, table, "The batches table")


class Forgetful(Table):
    """Refuses without a word of what it found."""

    def call(self, operation: str, **arguments: Any) -> Any:
        try:
            return super().call(operation, **arguments)
        except ConditionFailed as refused:
            raise ConditionFailed from refused


class BelievesWhatItRead(FileSplitting):
    """Goes by the state that the batch had when its message came."""

    def _finish_other_delivery(self, batch: Batch) -> None:
        if batch.state == "running":
            self._start(batch)


class HopesForOthers(ChunkScoring):
    """Leaves the lane to the delivery that was faster, which may be dead."""

    def score(self, tenant_id: str, batch_id: str, index: int) -> Chunk | None:
        batch, chunk = self._find(tenant_id, batch_id, index)
        if chunk.state == "done":
            return replace(chunk)
        done = self._score(batch, chunk)
        if not self._ports.batches.settle(batch, done, chunk.state):
            return None
        self._enqueue_next(batch, index)
        return done
