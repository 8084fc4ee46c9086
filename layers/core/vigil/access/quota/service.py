"""Reservation of predictions for batches; a single decision is charged by the transaction that stores it."""

from collections.abc import Callable
from datetime import datetime

from vigil.access.quota.model import QuotaReservation
from vigil.access.quota.ports import MonthlyQuotaStore
from vigil.kernel.time import month_of


class MonthlyQuota:
    """Reserves predictions of a tenant's month and returns unused ones to the quota."""

    def __init__(self, store: MonthlyQuotaStore, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock

    def reserve(
        self, tenant_id: str, reservation_id: str, rows: int, limit: int | None, month: str | None = None
    ) -> QuotaReservation:
        """Reserve rows in `month` (default: the current month); raise QuotaExceeded if they do not all fit.

        A repeated call with the same id and month has no effect, so store the month with the id. `limit` is the
        tenant's number of predictions per month; without a limit the call does not write.
        """
        reservation = QuotaReservation(
            month or month_of(self._clock()), reservation_id, rows if limit is not None else 0
        )
        if limit is not None:
            self._store.reserve(tenant_id, reservation, limit)
        return reservation

    def find_reservation(self, tenant_id: str, reservation_id: str, month: str) -> QuotaReservation | None:
        """Return the reservation of an id in a month, released or not; None if there was never one."""
        return self._store.find_reservation(tenant_id, reservation_id, month)

    def release(self, tenant_id: str, reservation: QuotaReservation, unused: int) -> None:
        """Return unused rows to the quota; only the first release of a reservation counts."""
        if reservation.rows and unused:
            self._store.release(tenant_id, reservation, unused)
