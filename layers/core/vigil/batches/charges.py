"""What a batch takes of its tenant's month: its rows when they are counted, less those that got no answer."""

from vigil.batches.model import Batch, Chunk
from vigil.batches.ports import Quota
from vigil.errors import FieldError, InvalidInput, QuotaExceeded


class Charges:
    """Rows set aside and given back, in the month in which their batch was asked for. Every step may be repeated."""

    def __init__(self, quota: Quota) -> None:
        self._quota = quota

    def take(self, batch: Batch, rows: int) -> None:
        """Set the rows of a batch aside, all or none; raise InvalidInput where they are more than are left."""
        try:
            self._quota.reserve(batch.tenant_id, batch.batch_id, rows, batch.quota, batch.created_at[:7])
        except QuotaExceeded as error:
            raise InvalidInput(FieldError("rows", f"are too many: {rows}", str(error))) from error

    def give_back(self, batch: Batch, chunks: list[Chunk]) -> None:
        """Give back what was set aside and not charged, if anything was; only the first time counts.

        To be called when what is charged of the chunks cannot change any more.
        """
        if batch.quota is None:
            return
        if reservation := self._quota.reserved(batch.tenant_id, batch.batch_id, batch.created_at[:7]):
            charged = sum(chunk.charged for chunk in chunks)
            self._quota.release(batch.tenant_id, reservation, reservation.rows - charged)
