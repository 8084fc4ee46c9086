"""Setting predictions aside for many rows at once, as a batch does; a single decision is charged by its commit."""

from collections.abc import Callable
from datetime import datetime

from vigil.access.quota.model import QuotaReservation
from vigil.access.quota.ports import MonthlyQuotaStore
from vigil.kernel.time import month_of


class MonthlyQuota:
    """Sets predictions aside, once per reservation, and takes back what was not used."""

    def __init__(self, store: MonthlyQuotaStore, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock

    def reserve(
        self, tenant_id: str, reservation_id: str, rows: int, limit: int | None, month: str | None = None
    ) -> QuotaReservation:
        """Set rows aside in a month (this one, if none is given); raise QuotaExceeded if not all of them fit.

        The same id again changes nothing, whatever became of the first call: keep the month it was made in. `limit` is
        the tenant's predictions per month; without one nothing is written.
        """
        reservation = QuotaReservation(
            month or month_of(self._clock()), reservation_id, rows if limit is not None else 0
        )
        if limit is not None:
            self._store.reserve(tenant_id, reservation, limit)
        return reservation

    def find_reservation(self, tenant_id: str, reservation_id: str, month: str) -> QuotaReservation | None:
        """Return what is set aside under an id in a month, or was; None where nothing ever was."""
        return self._store.find_reservation(tenant_id, reservation_id, month)

    def release(self, tenant_id: str, reservation: QuotaReservation, unused: int) -> None:
        """Give back the rows that were not used after all; only the first release of a reservation counts."""
        if reservation.rows and unused:
            self._store.release(tenant_id, reservation, unused)
