"""What a batch takes of its tenant's month, and of its money under a hard stop: its rows, less those without answer."""

from vigil.decisions.batches.model import Batch, Chunk
from vigil.decisions.batches.ports import RowQuota, SpendHolds
from vigil.errors import BudgetExhausted, FieldError, InvalidInput, QuotaExceeded
from vigil.kernel.money import Hold


class BatchCharges:
    """Rows set aside and given back, in the month in which their batch was asked for. Every step may be repeated."""

    def __init__(self, quota: RowQuota, stops: SpendHolds) -> None:
        self._quota = quota
        self._stops = stops

    def reserve(self, batch: Batch, rows: int) -> None:
        """Set the rows of a batch aside, and what they cost; raise InvalidInput where they are more than are left.

        Then something may be set aside all the same: it is given back with the batch that ends for it.
        """
        try:
            self._quota.reserve(batch.tenant_id, batch.batch_id, rows, batch.quota, batch.created_at[:7])
            if batch.hard_stop:
                hold = Hold(batch.batch_id, batch.created_at, rows * batch.hard_stop.each)
                self._stops.hold(batch.tenant_id, hold, batch.hard_stop)
        except (QuotaExceeded, BudgetExhausted) as error:
            raise InvalidInput(FieldError("rows", f"are too many: {rows}", str(error))) from error

    def release_unused(self, batch: Batch, chunks: list[Chunk]) -> None:
        """Give back what was set aside and not charged, if anything was; only the first time counts.

        To be called when what is charged of the chunks cannot change any more.
        """
        tenant_id, name, moment = batch.tenant_id, batch.batch_id, batch.created_at
        reservation = self._quota.reserved(tenant_id, name, moment[:7]) if batch.quota is not None else None
        if reservation:
            self._quota.release(tenant_id, reservation, reservation.rows - sum(chunk.charged for chunk in chunks))
        hold = self._stops.held(tenant_id, name, moment) if batch.hard_stop is not None else None
        if hold:
            self._stops.release(tenant_id, hold, hold.micros - sum(chunk.reserved_micros for chunk in chunks))
