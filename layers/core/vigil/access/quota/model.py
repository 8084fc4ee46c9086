"""A tenant's predictions of a month. Pure values and rules."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class QuotaReservation:
    """Predictions that are set aside in a month under an id of the caller's; 0 rows where there is no limit."""

    month: str
    reservation_id: str
    rows: int
