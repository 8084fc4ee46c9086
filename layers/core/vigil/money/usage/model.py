"""Usage meters, usage entries and their sums by hour, day and month. Pure values and rules."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import groupby
from typing import Literal, TypeAlias, get_args

Amount: TypeAlias = int | Decimal
"""Exact amount of a meter. Only seconds of audio have decimals, at most three; whole amounts are integers."""

ReportedMeter = Literal[
    "llm_input_tokens",
    "llm_output_tokens",
    "embedding_tokens",
    "audio_seconds",
    "sms_messages",
    "emails",
    "webhooks",
]
"""Meters that only usage events count."""
BilledMeter = Literal["predictions", "api_calls", "storage_byte_hours", "database_byte_hours", ReportedMeter]
"""Meters that have a price."""
Meter = Literal[
    BilledMeter,
    "charged",
    "reserved_micros",
    "database_bytes",
]
"""Every meter.

`charged` counts the predictions that used a month's quota, `database_bytes` the growth of the database in bytes.
`reserved_micros` counts the micro-dollars that predictions of tenants with a hard limit reserved in their commit.

Byte-hours are gauges: the bytes stored in that hour, in files and in the database. A gauge is set, not added; so is
`api_calls`.
"""
METERS: tuple[Meter, ...] = get_args(Meter)
REPORTED_METERS: tuple[ReportedMeter, ...] = get_args(ReportedMeter)
MAX_DAILY_UNITS: Mapping[ReportedMeter, int] = {
    "llm_input_tokens": 10**12,
    "llm_output_tokens": 10**12,
    "embedding_tokens": 10**12,
    "audio_seconds": 10**9,
    "sms_messages": 10**8,
    "emails": 10**9,
    "webhooks": 10**10,
}
"""Maximum reported units of each meter per tenant and day."""
MAX_EVENT_UNITS: Mapping[ReportedMeter, int] = {meter: units // 100 for meter, units in MAX_DAILY_UNITS.items()}
"""Maximum units of each meter in one usage event."""
_THOUSANDTH = Decimal("0.001")
"""Smallest part of a unit that is counted: a millisecond of audio."""
MAX_TRANSACTION_ITEMS = 100
"""Maximum items of one DynamoDB transaction."""


@dataclass(frozen=True, slots=True)
class UsageEntry:
    """Usage that happened once: its tenant, its id, its hour (UTC, `2026-11-21T05`) and its amount of each meter.

    An entry with `details` is stored for ever, as a row of the ledger of usage events. An entry without has its row
    in another table.
    """

    tenant_id: str
    entry_id: str
    hour: str
    amounts: Mapping[Meter, Amount]
    details: Mapping[str, str] | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Tenant and id, which identify the entry."""
        return self.tenant_id, self.entry_id


@dataclass(frozen=True, slots=True)
class CountResult:
    """Keys of the entries that were counted before, and of the entries that could not be counted."""

    known: tuple[tuple[str, str], ...]
    failed: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class UsageHour:
    """Usage of one hour (UTC, `2026-11-21T05`); meters without usage are absent."""

    hour: str
    amounts: Mapping[Meter, Amount]


@dataclass(frozen=True, slots=True)
class UsageDay:
    """Usage of one day (UTC, `2026-11-21`): the sum of its hours."""

    day: str
    amounts: Mapping[Meter, Amount]


@dataclass(frozen=True, slots=True)
class UsageMonth:
    """Usage of a tenant in one month: its hours in order, and the used quota with the reservations of batches."""

    month: str
    hours: tuple[UsageHour, ...]
    used: int

    @property
    def days(self) -> tuple[UsageDay, ...]:
        """Days with usage, in order."""
        by_day = groupby(self.hours, lambda hour: hour.hour[:10])
        return tuple(UsageDay(day, sum_hours(hours)) for day, hours in by_day)


@dataclass(frozen=True, slots=True)
class StoredBytes:
    """Stored bytes of a tenant: in files at the last measurement, and in the database now."""

    storage_bytes: int
    database_bytes: int


def exact_amount(number: Decimal | str) -> Amount:
    """Return a decimal number as an amount: 90.000 is the integer 90, and 0.300 is 0.3."""
    exact = Decimal(number)
    whole = int(exact)
    return whole if whole == exact else exact.normalize()


def round_amount(number: float) -> Amount:
    """Return a finite number as an amount, rounded to three decimals, half to even."""
    return exact_amount(Decimal(str(number)).quantize(_THOUSANDTH, ROUND_HALF_EVEN))


def add_amounts(one: Amount, other: Amount) -> Amount:
    """Return the exact sum of two amounts."""
    return exact_amount(Decimal(one) + other)


def sum_amounts(parts: Iterable[Mapping[Meter, Amount]]) -> dict[Meter, Amount]:
    """Return the exact sum of amounts by meter."""
    sums: dict[Meter, Amount] = {}
    for amounts in parts:
        for meter, amount in amounts.items():
            sums[meter] = add_amounts(sums.get(meter, 0), amount)
    return sums


def sum_hours(hours: Iterable[UsageHour]) -> Mapping[Meter, Amount]:
    """Return the sum of the hours by meter."""
    return sum_amounts(hour.amounts for hour in hours)


def transaction_groups(entries: Iterable[UsageEntry]) -> Iterator[Sequence[UsageEntry]]:
    """Yield the entries in groups that each fit one transaction; an id that occurs twice is yielded once.

    A transaction has one item per entry, one per tenant and hour, and one per tenant for its stored bytes.
    """
    group: list[UsageEntry] = []
    hours: set[tuple[str, str]] = set()
    for entry in {entry.key: entry for entry in entries}.values():
        hours.add((entry.tenant_id, entry.hour))
        if len(group) + 1 + len(hours) + len({tenant_id for tenant_id, _ in hours}) > MAX_TRANSACTION_ITEMS:
            yield group
            group, hours = [], {(entry.tenant_id, entry.hour)}
        group.append(entry)
    if group:
        yield group
