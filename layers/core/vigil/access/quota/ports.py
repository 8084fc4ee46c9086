"""What a quota needs from outside: somewhere to keep what is used of it."""

from typing import Protocol

from vigil.access.quota.model import QuotaReservation


class MonthlyQuotaStore(Protocol):
    """What tenants have taken from their months."""

    def reserve(self, tenant_id: str, reservation: QuotaReservation, limit: int) -> None:
        """Set rows aside unless that was done before; raise QuotaExceeded, and write nothing, if not all fit."""
        ...

    def find_reservation(self, tenant_id: str, reservation_id: str, month: str) -> QuotaReservation | None:
        """Return what is set aside under an id, or was, read consistently."""
        ...

    def release(self, tenant_id: str, reservation: QuotaReservation, unused: int) -> None:
        """Give back what a reservation did not use, once; nothing where there is no such reservation."""
        ...
