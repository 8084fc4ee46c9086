"""Reserves quota and money for the rows of a batch, and releases the share of rows without an answer."""

from vigil.decisions.batches.chunks_model import Chunk
from vigil.decisions.batches.model import Batch
from vigil.decisions.batches.ports import RowQuota, SpendHolds
from vigil.errors import BudgetExhausted, FieldError, InvalidInput, QuotaExceeded
from vigil.kernel.money import SpendReservation


class BatchCharges:
    """Reserves and releases quota and money in the month of the batch's creation. Every step is safe to repeat."""

    def __init__(self, quota: RowQuota, stops: SpendHolds) -> None:
        self._quota = quota
        self._stops = stops

    def reserve(self, batch: Batch, rows: int) -> None:
        """Reserve the rows of a batch and their price. Raises InvalidInput if quota or budget is too small.

        A failed call can leave a reservation, which is released when the batch ends.
        """
        try:
            self._quota.reserve(batch.tenant_id, batch.batch_id, rows, batch.quota, batch.created_at[:7])
            if batch.hard_stop:
                hold = SpendReservation(batch.batch_id, batch.created_at, rows * batch.hard_stop.price_micros)
                self._stops.reserve(batch.tenant_id, hold, batch.hard_stop)
        except (QuotaExceeded, BudgetExhausted) as error:
            raise InvalidInput(FieldError("rows", f"are too many: {rows}", str(error))) from error

    def release_unused(self, batch: Batch, chunks: list[Chunk]) -> None:
        """Release the reserved but uncharged part. Only the first call has an effect.

        Call it only after the charges of all chunks are final.
        """
        tenant_id, name, moment = batch.tenant_id, batch.batch_id, batch.created_at
        reservation = self._quota.find_reservation(tenant_id, name, moment[:7]) if batch.quota is not None else None
        if reservation:
            self._quota.release(tenant_id, reservation, reservation.rows - sum(chunk.charged for chunk in chunks))
        hold = self._stops.get_reservation(tenant_id, name, moment) if batch.hard_stop is not None else None
        if hold:
            self._stops.release(tenant_id, hold, hold.micros - sum(chunk.reserved_micros for chunk in chunks))
