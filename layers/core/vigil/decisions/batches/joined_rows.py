"""Reads rows of batches from their join files, for reports of outcomes and for counts of due labels."""

from collections.abc import Callable

from vigil.decisions.batches.chunks_model import ScoredChunk
from vigil.decisions.batches.join_model import JoinFile
from vigil.decisions.batches.join_sealing import open_rows
from vigil.decisions.batches.ports import ScoredChunkList
from vigil.decisions.outcomes.model import BatchRow
from vigil.errors import Erased, NotFound
from vigil.kernel.pseudonyms import TenantKeys
from vigil.kernel.time import format_timestamp

_NO_BATCH = "There is no such batch. GET /v1/batches lists all."
_NOT_SCORED = "The batch has no scored row of this number. `row` is the number in the results of the batch."
_NO_ANSWER = "The row has no answer; the errors of the batch name the cause."
_EXPIRED = "The row is no longer joined; reports are accepted until a month after the last label of the batch is final."


class JoinedRows:
    """Rows of the batches of all tenants. `read` returns the content of a file by its key, or raises NotFound."""

    def __init__(self, chunks: ScoredChunkList, read: Callable[[str], bytes], keys: TenantKeys) -> None:
        self._chunks = chunks
        self._read = read
        self._keys = keys

    def find(self, tenant_id: str, batch_id: str, number: int) -> BatchRow:
        """Return the row with a number, from 1 on.

        Raises NotFound for an unknown batch, a row that was not scored or has no answer, and an expired join file,
        Erased for a row whose subject was erased, and Unavailable, also for a damaged file.
        """
        chunk = self._chunks.find(tenant_id, batch_id, number)
        if chunk is None:
            raise NotFound(_NOT_SCORED if self._chunks.has_batch(tenant_id, batch_id) else _NO_BATCH)
        file = self.open(tenant_id, chunk)
        if file is None:
            raise NotFound(_EXPIRED)
        if (row := file.find(number)) is None:
            raise NotFound(_NO_ANSWER)
        if row.is_erased:
            raise Erased("The row was erased with its subject's data.")
        return BatchRow(batch_id, number, file.model, file.version, format_timestamp(row.as_of))

    def open(self, tenant_id: str, chunk: ScoredChunk) -> JoinFile | None:
        """Return the join file of a chunk; None if it has expired. Raises Unavailable, also for a damaged file."""
        try:
            sealed = self._read(chunk.join_key)
        except NotFound:
            return None
        return open_rows(sealed, self._keys(tenant_id), chunk.batch_id)
