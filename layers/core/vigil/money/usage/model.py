"""What is counted of a tenant's use, and how much of it there may be in a month. Pure values and rules."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal, get_args

ReportedMeter = Literal[
    "llm_input_tokens",
    "llm_output_tokens",
    "embedding_tokens",
    "audio_seconds",
    "sms_messages",
    "emails",
    "webhooks",
]
"""What usage events tell of, and nothing else counts."""
Meter = Literal[
    "predictions",
    "api_calls",
    "storage_byte_hours",
    "database_byte_hours",
    ReportedMeter,
    "charged",
    "reserved_micros",
    "database_bytes",
]
"""`charged` are the predictions that counted against a month's quota, `database_bytes` what the database grew by.

`reserved_micros` were set aside for predictions of tenants with a hard stop (`vigil.budgets`) when they were committed.

Byte-hours are gauges: the bytes held in that hour, in files and in the database; said, not added, as calls are.
"""
METERS: tuple[Meter, ...] = get_args(Meter)
REPORTED: tuple[ReportedMeter, ...] = get_args(ReportedMeter)
MOST_PARTS = 100
"""Of one DynamoDB transaction."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happened once, known by its id: whose, in which hour (UTC, `2026-11-21T05`), how much of what.

    With `details` the entry is a row of a ledger, kept for ever; without, its row is in another table.
    """

    tenant_id: str
    entry_id: str
    hour: str
    amounts: Mapping[Meter, int]
    details: Mapping[str, str] | None = None

    @property
    def name(self) -> tuple[str, str]:
        """What tells it from every other entry: its tenant and its id."""
        return self.tenant_id, self.entry_id


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of entries that were to be counted: names of those known before, and of those not counted now."""

    known: tuple[tuple[str, str], ...]
    failed: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Hour:
    """What is counted of an hour (UTC, `2026-11-21T05`): only what there was some of."""

    hour: str
    amounts: Mapping[Meter, int]


@dataclass(frozen=True, slots=True)
class Day:
    """What is counted of a day (UTC, `2026-11-21`): the sum of its hours."""

    day: str
    amounts: Mapping[Meter, int]


@dataclass(frozen=True, slots=True)
class MonthOfUse:
    """A month of a tenant: its hours in order, and what was taken from the quota, batches' reservations included."""

    month: str
    hours: tuple[Hour, ...]
    used: int

    @property
    def days(self) -> tuple[Day, ...]:
        """The days in order, only those with something."""
        by_day = groupby(self.hours, lambda hour: hour.hour[:10])
        return tuple(Day(day, total(hours)) for day, hours in by_day)


@dataclass(frozen=True, slots=True)
class Held:
    """Bytes of a tenant: of its files when they were last measured, and of its rows in the database now."""

    storage_bytes: int
    database_bytes: int


def total(hours: Iterable[Hour]) -> Mapping[Meter, int]:
    """Return the sum of hours."""
    sums: Counter[Meter] = Counter()
    for hour in hours:
        sums.update(hour.amounts)
    return dict(sums)


def packed(entries: Iterable[Entry]) -> Iterator[Sequence[Entry]]:
    """Yield the entries, each id once, in groups that fit a transaction.

    It has a part for each entry, one per tenant and hour for their sums, and one per tenant for what it holds.
    """
    group: list[Entry] = []
    hours: set[tuple[str, str]] = set()
    for entry in {entry.name: entry for entry in entries}.values():
        hours.add((entry.tenant_id, entry.hour))
        if len(group) + 1 + len(hours) + len({tenant_id for tenant_id, _ in hours}) > MOST_PARTS:
            yield group
            group, hours = [], {(entry.tenant_id, entry.hour)}
        group.append(entry)
    if group:
        yield group
