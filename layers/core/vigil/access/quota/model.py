"""Value of the monthly quota."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class QuotaReservation:
    """Predictions reserved in a month under an id that the caller chose; `rows` is 0 for an unlimited tenant."""

    month: str
    reservation_id: str
    rows: int
