"""Prices, cost lines and statements. Money is integer micro-dollars (millionths of a dollar)."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Literal, get_args

from vigil.kernel.time import hours_in_month, next_month_start
from vigil.money.usage.model import Amount, Meter, UsageHour, add_amounts

Category = Literal["api_calls", "inference", "storage", "database", "third_party"]
CATEGORIES: tuple[Category, ...] = get_args(Category)
SpendScope = Literal["api_calls", "inference", "storage", "database", "third_party", "total"]
"""A category, or `total` for the sum of all categories."""
SPEND_SCOPES: tuple[SpendScope, ...] = get_args(SpendScope)
GroupKey = Literal["day", "category", "meter"]
BILLED: Mapping[Meter, Category] = {
    "api_calls": "api_calls",
    "predictions": "inference",
    "storage_byte_hours": "storage",
    "database_byte_hours": "database",
    "llm_input_tokens": "third_party",
    "llm_output_tokens": "third_party",
    "embedding_tokens": "third_party",
    "audio_seconds": "third_party",
    "sms_messages": "third_party",
    "emails": "third_party",
    "webhooks": "third_party",
}
"""Billed meters, each in one category; every price book has a price for each of them."""
STORED_METERS: frozenset[Meter] = frozenset({"storage_byte_hours", "database_byte_hours"})
"""Meters of stored bytes. Their prices are for a whole month, however many hours the month has."""
_OPEN_FOR = timedelta(days=3)
"""Time that a month stays open after its end, for usage that is counted late."""


@dataclass(frozen=True, slots=True)
class Price:
    """Exact price: `micros` micro-dollars for `per` units; for stored bytes, for `per` bytes in a whole month."""

    meter: Meter
    category: Category
    micros: int
    per: int = 1

    def cost(self, quantity: Amount, month: str) -> Fraction:
        """Return the unrounded cost of a quantity of the month, in micro-dollars."""
        hours = hours_in_month(month) if self.meter in STORED_METERS else 1
        return Fraction(quantity) * Fraction(self.micros, self.per * hours)


@dataclass(frozen=True, slots=True)
class PriceBook:
    """One version of all prices, valid from the start of an hour (`2026-11-21T05`)."""

    version: int
    valid_from: str
    prices: tuple[Price, ...]

    def price(self, meter: Meter) -> Price | None:
        """Return the price of a meter, or None if it is not billed."""
        return next((price for price in self.prices if price.meter == meter), None)


@dataclass(frozen=True, slots=True)
class CostLine:
    """Cost of one meter on one day at one price version, rounded once, half to even.

    For an adjustment, `adjusts` is the adjusted closed month, quantity and micros are signed differences to its lines,
    and `day` is the day on which the difference was found.
    """

    day: str
    category: Category
    meter: Meter
    quantity: Amount
    price_version: int
    micros: int
    adjusts: str | None = None

    def sort_key(self) -> str:
        """Return the key that identifies and orders the line in its month; adjustments are last."""
        rank = CATEGORIES.index(self.category)
        return f"{self.adjusts or ''}|{self.day}|{rank}|{self.meter}|{self.price_version:09}"


@dataclass(frozen=True, slots=True)
class CostStatement:
    """Cost lines of a month: preliminary while it is open, final once it is closed."""

    month: str
    lines: tuple[CostLine, ...]
    closed_at: str | None = None


@dataclass(frozen=True, slots=True)
class Adjustment:
    """Correction of a closed month: its `number` within that month, from 1, and its signed lines."""

    month: str
    number: int
    lines: tuple[CostLine, ...]


def price_book_at(books: Iterable[PriceBook], hour: str) -> PriceBook:
    """Return the price book of an hour: the highest version that is valid by then."""
    return max((book for book in books if book.valid_from <= hour), key=lambda book: book.version)


def price_hours(hours: Iterable[UsageHour], books: Sequence[PriceBook]) -> tuple[CostLine, ...]:
    """Return the cost lines of hours, in order of their sort keys."""
    quantities: dict[tuple[str, int, Price], Amount] = defaultdict(int)
    for hour in hours:
        book = price_book_at(books, hour.hour)
        for meter, amount in hour.amounts.items():
            if amount and (price := book.price(meter)):
                line = hour.hour[:10], book.version, price
                quantities[line] = add_amounts(quantities[line], amount)
    lines = (
        CostLine(day, price.category, price.meter, quantity, version, round(price.cost(quantity, day[:7])))
        for (day, version, price), quantity in quantities.items()
    )
    return tuple(sorted(lines, key=CostLine.sort_key))


def cost_by_hour(hours: Iterable[UsageHour], books: Sequence[PriceBook]) -> tuple[tuple[str, Category, Fraction], ...]:
    """Return the unrounded cost of each hour by category, in micro-dollars; hours without cost are absent."""
    sums: dict[tuple[str, Category], Fraction] = defaultdict(Fraction)
    for hour in hours:
        book = price_book_at(books, hour.hour)
        for meter, amount in hour.amounts.items():
            if amount and (price := book.price(meter)):
                sums[hour.hour, price.category] += price.cost(amount, hour.hour[:7])
    return tuple((hour, category, micros) for (hour, category), micros in sums.items())


def sum_by(lines: Iterable[CostLine], by: GroupKey) -> Mapping[str, int]:
    """Return the sum of the lines in micro-dollars, for each day, category or meter."""
    sums: Counter[str] = Counter()
    for line in lines:
        sums[getattr(line, by)] += line.micros
    return dict(sums)


def sum_micros(lines: Iterable[CostLine]) -> int:
    """Return the sum of the lines, in micro-dollars."""
    return sum(line.micros for line in lines)


def adjustment_lines(now: Iterable[CostLine], before: Iterable[CostLine], day: str, month: str) -> tuple[CostLine, ...]:
    """Return the adjustments, booked on a day, that correct a month from its lines before to its lines now."""
    booked = [replace(line, day=day, adjusts=month) for line in now]
    taken = [replace(line, day=day, adjusts=month, quantity=-line.quantity, micros=-line.micros) for line in before]
    return tuple(line for line in merge_lines([*booked, *taken]) if line.quantity or line.micros)


def merge_lines(lines: Iterable[CostLine]) -> tuple[CostLine, ...]:
    """Return lines in order of their sort keys; lines with the same key are added up."""
    sums: dict[str, CostLine] = {}
    for line in lines:
        same = sums.get(line.sort_key())
        sums[line.sort_key()] = line if same is None else _sum(same, line)
    return tuple(sums[key] for key in sorted(sums))


def closes_at(month: str) -> datetime:
    """Return the moment at which a month is closed."""
    return next_month_start(month) + _OPEN_FOR


def _sum(one: CostLine, other: CostLine) -> CostLine:
    return replace(one, quantity=add_amounts(one.quantity, other.quantity), micros=one.micros + other.micros)
