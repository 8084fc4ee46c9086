"""Fake of the monthly quota store; one contract test runs it and the real adapter."""

from collections.abc import Callable
from datetime import datetime

from vigil.access.quota.model import QuotaReservation
from vigil.errors import QuotaExceeded
from vigil.kernel.time import next_month_start


class FakeMonthlyQuotaStore:
    """Reservations and used predictions in memory; `writes` counts the calls that write."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.used: dict[tuple[str, str], int] = {}
        self.writes = 0
        self._clock = clock
        self._reservations: dict[tuple[str, str, str], QuotaReservation] = {}
        self._released: set[tuple[str, str, str]] = set()

    def reserve(self, tenant_id: str, reservation: QuotaReservation, limit: int) -> None:
        self.writes += 1
        key = (tenant_id, reservation.month, reservation.reservation_id)
        if key in self._reservations:
            return
        used = self.used.get(key[:2], 0)
        if used + reservation.rows > limit:
            wait = (next_month_start(reservation.month) - self._clock()).total_seconds()
            raise QuotaExceeded(limit, limit - used, int(wait))
        self._reservations[key] = reservation
        self.used[key[:2]] = used + reservation.rows

    def find_reservation(self, tenant_id: str, reservation_id: str, month: str) -> QuotaReservation | None:
        return self._reservations.get((tenant_id, month, reservation_id))

    def release(self, tenant_id: str, reservation: QuotaReservation, unused: int) -> None:
        self.writes += 1
        key = (tenant_id, reservation.month, reservation.reservation_id)
        stored = self._reservations.get(key)
        if stored is None or key in self._released or unused > stored.rows:
            return
        self._released.add(key)
        self.used[key[:2]] -= unused
