"""Port of the monthly quota: its storage."""

from typing import Protocol

from vigil.access.quota.model import QuotaReservation


class MonthlyQuotaStore(Protocol):
    """Predictions used and reserved per tenant and month."""

    def reserve(self, tenant_id: str, reservation: QuotaReservation, limit: int) -> None:
        """Reserve rows once per id; raise QuotaExceeded without writing if they do not all fit."""
        ...

    def find_reservation(self, tenant_id: str, reservation_id: str, month: str) -> QuotaReservation | None:
        """Return a reservation, released or not, read consistently; None if the id is unknown."""
        ...

    def release(self, tenant_id: str, reservation: QuotaReservation, unused: int) -> None:
        """Return the unused rows of a reservation to the quota once; no effect if the reservation is unknown."""
        ...
