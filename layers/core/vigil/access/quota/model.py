"""A tenant's predictions of a month. Pure values and rules."""

from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Reservation:
    """Predictions that are set aside in a month under an id of the caller's; 0 rows where there is no limit."""

    month: str
    reservation_id: str
    rows: int


def month_of(moment: datetime) -> str:
    """Return the month (UTC) that a moment belongs to: `2026-11`."""
    return f"{moment.astimezone(UTC):%Y-%m}"


def resets_at(month: str) -> datetime:
    """Return the moment at which the next month begins."""
    year, number = map(int, month.split("-"))
    return datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC)
