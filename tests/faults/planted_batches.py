"""Planted bugs of batches: two wrong counts, and two ways to leave a batch unfinished."""

import uuid
from dataclasses import replace
from typing import Any

from tests.faults.batching import SmallChunks
from vigil.aws.errors import ConditionFailed
from vigil.aws.tables import Table
from vigil.aws.transactions import Part
from vigil.decisions.batches.chunks import ChunkScoring
from vigil.decisions.batches.chunks_model import Chunk, ChunkState
from vigil.decisions.batches.model import Batch
from vigil.decisions.batches.splits import FileSplitting
from vigil.decisions.batches.store import _chunk_key, _outcome, _update


class CountsTwice(SmallChunks):
    """Records a chunk's result without a check of its earlier state."""

    def settle(self, batch: Batch, chunk: Chunk, was: ChunkState) -> bool:
        # the nonce makes each write visible: the stream omits writes without a change
        update = _update(_chunk_key(batch, chunk), _outcome(batch, chunk) | {"nonce": uuid.uuid4().hex})
        self._table.call("update_item", **update)
        return True


class OverlooksTheEnd(SmallChunks):
    """Records a chunk's result although the batch has been cancelled."""

    def _transact(self, *writes: Part) -> list[bool]:
        settling = "#settled_at" in str(writes)
        return super()._transact(*(writes[:1] if settling else writes))


class TrustsFirstAnswer(SmallChunks):
    """Takes a failed condition for another delivery's write, although the SDK may have repeated its own write."""

    def __init__(self, client: Any, table: str) -> None:
        super().__init__(client, table)
        self._table = Forgetful(client, table, "The batches table")


class Forgetful(Table):
    """Table that omits the existing item from a failed condition's error."""

    def call(self, operation: str, **arguments: Any) -> Any:
        try:
            return super().call(operation, **arguments)
        except ConditionFailed as refused:
            raise ConditionFailed from refused


class BelievesWhatItRead(FileSplitting):
    """Uses the state the batch had when its message arrived."""

    def _finish_other_delivery(self, batch: Batch) -> None:
        if batch.state == "running":
            self._start(batch)


class HopesForOthers(ChunkScoring):
    """Leaves the lane to a faster delivery, which may have crashed."""

    def score(self, tenant_id: str, batch_id: str, index: int) -> Chunk | None:
        batch, chunk = self._find(tenant_id, batch_id, index)
        if chunk.state == "done":
            return replace(chunk)
        done = self._score(batch, chunk)
        if not self._ports.batches.settle(batch, done, chunk.state):
            return None
        self._enqueue_next(batch, index)
        return done
