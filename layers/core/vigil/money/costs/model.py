"""What use costs: prices and since when they hold, lines, statements. Money is integer millionths of a dollar."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Literal, get_args

from vigil.kernel.time import hours_in_month, next_month_start
from vigil.money.usage.model import Hour, Meter

Category = Literal["api_calls", "inference", "storage", "database", "third_party"]
CATEGORIES: tuple[Category, ...] = get_args(Category)
Key = Literal["day", "category", "meter"]
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
"""The meters that are billed, each in one category: every price book has a price for each of them."""
HELD: frozenset[Meter] = frozenset({"storage_byte_hours", "database_byte_hours"})
"""Meters of what is held for a time: their prices are for a month of it, however many hours the month has."""
_OPEN_FOR = timedelta(days=3)
"""After its end a month stays open for what is still on its way."""


@dataclass(frozen=True, slots=True)
class Price:
    """What `per` units cost in micros, as an exact ratio; of what is held, `per` bytes for a whole month."""

    meter: Meter
    category: Category
    micros: int
    per: int = 1

    def of(self, quantity: int, month: str) -> Fraction:
        """Return what a quantity of the month's costs, unrounded."""
        hours = hours_in_month(month) if self.meter in HELD else 1
        return Fraction(quantity * self.micros, self.per * hours)


@dataclass(frozen=True, slots=True)
class PriceBook:
    """One version of all prices, which holds from the beginning of an hour (`2026-11-21T05`) on."""

    version: int
    valid_from: str
    prices: tuple[Price, ...]

    def price(self, meter: Meter) -> Price | None:
        """Return the price of a meter, None for one that is not billed."""
        return next((price for price in self.prices if price.meter == meter), None)


@dataclass(frozen=True, slots=True)
class Line:
    """What one meter cost on one day at one version of its price: rounded once, half to even.

    Where it is an adjustment, `adjusts` is the closed month whose lines would differ by this quantity and amount (both
    signed) if it were not closed; `day` is when that was found.
    """

    day: str
    category: Category
    meter: Meter
    quantity: int
    price_version: int
    micros: int
    adjusts: str | None = None

    def place(self) -> str:
        """Return what tells it from every other line of its month, and orders them: adjustments come last."""
        rank = CATEGORIES.index(self.category)
        return f"{self.adjusts or ''}|{self.day}|{rank}|{self.meter}|{self.price_version:09}"


@dataclass(frozen=True, slots=True)
class Statement:
    """The lines of a month: as they are now, or, once it is closed, as they were then and will always be."""

    month: str
    lines: tuple[Line, ...]
    closed_at: str | None = None


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What was found to be missing from, or too much in, a closed month: the `number`th of that month, from 1."""

    month: str
    number: int
    lines: tuple[Line, ...]


def book_at(books: Iterable[PriceBook], hour: str) -> PriceBook:
    """Return the book that holds in an hour: of those whose time has come, the one that was made last."""
    return max((book for book in books if book.valid_from <= hour), key=lambda book: book.version)


def priced(hours: Iterable[Hour], books: Sequence[PriceBook]) -> tuple[Line, ...]:
    """Return the lines of some hours, in the order of their places."""
    quantities: Counter[tuple[str, int, Price]] = Counter()
    for hour in hours:
        book = book_at(books, hour.hour)
        for meter, amount in hour.amounts.items():
            if amount and (price := book.price(meter)):
                quantities[hour.hour[:10], book.version, price] += amount
    lines = (
        Line(day, price.category, price.meter, quantity, version, round(price.of(quantity, day[:7])))
        for (day, version, price), quantity in quantities.items()
    )
    return tuple(sorted(lines, key=Line.place))


def hourly(hours: Iterable[Hour], books: Sequence[PriceBook]) -> tuple[tuple[str, Category, Fraction], ...]:
    """Return what each hour cost by category, unrounded; hours and categories without cost are absent."""
    sums: dict[tuple[str, Category], Fraction] = defaultdict(Fraction)
    for hour in hours:
        book = book_at(books, hour.hour)
        for meter, amount in hour.amounts.items():
            if amount and (price := book.price(meter)):
                sums[hour.hour, price.category] += price.of(amount, hour.hour[:7])
    return tuple((hour, category, micros) for (hour, category), micros in sums.items())


def spend(lines: Iterable[Line], by: Key) -> Mapping[str, int]:
    """Return the sum of the lines' micros for each day, category or meter that occurs."""
    sums: Counter[str] = Counter()
    for line in lines:
        sums[getattr(line, by)] += line.micros
    return dict(sums)


def total(lines: Iterable[Line]) -> int:
    """Return the sum of the lines' micros."""
    return sum(line.micros for line in lines)


def difference(now: Iterable[Line], before: Iterable[Line], day: str, month: str) -> tuple[Line, ...]:
    """Return the adjustments that make up, on a day, for what a month's lines are now and were before."""
    booked = [replace(line, day=day, adjusts=month) for line in now]
    taken = [replace(line, day=day, adjusts=month, quantity=-line.quantity, micros=-line.micros) for line in before]
    return tuple(line for line in merged([*booked, *taken]) if line.quantity or line.micros)


def merged(lines: Iterable[Line]) -> tuple[Line, ...]:
    """Return lines in the order of their places, those of the same place as one."""
    sums: dict[str, Line] = {}
    for line in lines:
        held = sums.get(line.place())
        sums[line.place()] = line if held is None else _sum(held, line)
    return tuple(sums[place] for place in sorted(sums))


def closes_at(month: str) -> datetime:
    """Return the moment from which a month's lines are stated and do not change."""
    return next_month_start(month) + _OPEN_FOR


def _sum(one: Line, other: Line) -> Line:
    return replace(one, quantity=one.quantity + other.quantity, micros=one.micros + other.micros)
