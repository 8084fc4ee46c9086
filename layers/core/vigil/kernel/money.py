"""Amounts of money in integer micro-dollars: spend limits and reservations."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

Counter = Literal["inference_month", "inference_day", "total_month", "total_day"]
"""What a hard stop limits: a budget of this category and period."""


COUNTERS: tuple[Counter, ...] = get_args(Counter)


@dataclass(frozen=True, slots=True)
class HardStop:
    """What a tenant's predictions may cost, in micros: `each` is set aside for one; None is without limit."""

    each: int
    inference_month: int | None = None
    inference_day: int | None = None
    total_month: int | None = None
    total_day: int | None = None

    def limits(self) -> Iterator[tuple[Counter, int]]:
        """Yield the counters that are limited, and their limits."""
        for counter in COUNTERS:
            if (limit := getattr(self, counter)) is not None:
                yield counter, limit


@dataclass(frozen=True, slots=True)
class Hold:
    """Micros that are set aside under an id of the caller's, on the day and in the month of a moment (ISO, UTC)."""

    hold_id: str
    moment: str
    micros: int
