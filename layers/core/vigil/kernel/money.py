"""Amounts of money in integer micro-dollars: spend limits and reservations."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

SpendCounter = Literal["inference_month", "inference_day", "total_month", "total_day"]
"""Counter of spend, named after the category and the period of the budget that limits it."""
SPEND_COUNTERS: tuple[SpendCounter, ...] = get_args(SpendCounter)
"""Every counter of spend."""


@dataclass(frozen=True, slots=True)
class SpendLimit:
    """Hard limit of a tenant's predictions, in micro-dollars.

    `price_micros` is reserved for each prediction. A counter with None has no limit.
    """

    price_micros: int
    inference_month: int | None = None
    inference_day: int | None = None
    total_month: int | None = None
    total_day: int | None = None

    def limits(self) -> Iterator[tuple[SpendCounter, int]]:
        """Yield each limited counter and its limit, in micro-dollars."""
        for counter in SPEND_COUNTERS:
            if (limit := getattr(self, counter)) is not None:
                yield counter, limit

    def to_stored(self) -> dict[str, Any]:
        """Return the JSON object that is stored and passed between functions; it names the price `each`."""
        return {"each" if name == "price_micros" else name: value for name, value in asdict(self).items()}

    @classmethod
    def from_stored(cls, stored: Mapping[str, Any]) -> "SpendLimit":
        """Return the limit of a JSON object of `to_stored`."""
        return cls(**{"price_micros" if name == "each" else name: value for name, value in stored.items()})


@dataclass(frozen=True, slots=True)
class SpendReservation:
    """Micro-dollars reserved under an id of the caller, in the day and the month of `moment` (ISO 8601, UTC)."""

    reservation_id: str
    moment: str
    micros: int
