"""What a batch takes of its tenant's month: its rows when they are counted, less those that got no answer."""

from vigil.batches.model import Batch, Chunk
from vigil.batches.ports import Quota
from vigil.errors import FieldError, InvalidInput, QuotaExceeded
from vigil.quota.model import Reservation


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

    def give_back(self, batch: Batch, rows: int, chunks: list[Chunk]) -> None:
        """Give back those of a batch's rows that were not scored; only the first time counts.

        Rows of a chunk that was given up, and is scored after all once they were given back, are not charged again.
        """
        if batch.quota is not None:
            reservation = Reservation(batch.created_at[:7], batch.batch_id, rows)
            self._quota.release(batch.tenant_id, reservation, rows - sum(chunk.scored for chunk in chunks))
