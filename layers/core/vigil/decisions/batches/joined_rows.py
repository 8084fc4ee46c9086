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


class JoinedRows:
    """Rows of the batches of all tenants. `read` returns the content of a file by its key, or raises NotFound."""

    def __init__(self, chunks: ScoredChunkList, read: Callable[[str], bytes], keys: TenantKeys) -> None:
        self._chunks = chunks
        self._read = read
        self._keys = keys

    def find(self, tenant_id: str, batch_id: str, number: int) -> BatchRow | None:
        """Return the row with a number, from 1 on; None if it has no answer, or if its join file has expired.

        Raises Erased for a row whose subject was erased, and Unavailable, also for a damaged file.
        """
        chunk = self._chunks.find(tenant_id, batch_id, number)
        file = self.open(tenant_id, chunk) if chunk else None
        if file is None or (row := file.find(number)) is None:
            return None
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
