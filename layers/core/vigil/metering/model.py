"""What is counted of a tenant's use, and how much of it there may be in a month. Pure values and rules."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal, get_args

Meter = Literal[
    "predictions",
    "api_calls",
    "storage_byte_hours",
    "database_byte_hours",
    "llm_input_tokens",
    "llm_output_tokens",
    "embedding_tokens",
    "audio_seconds",
    "sms_messages",
    "emails",
    "webhooks",
    "charged",
    "reserved_micros",
    "database_bytes",
]
"""`charged` are the predictions that counted against a month's quota, `database_bytes` what the database grew by.

`reserved_micros` were set aside for predictions of tenants with a hard stop (`vigil.budgets`) when they were committed.

Byte-hours are gauges: the bytes held in that hour, in files and in the database; said, not added, as calls are.
"""
METERS: tuple[Meter, ...] = get_args(Meter)
MOST_PARTS = 100
"""Of one DynamoDB transaction."""
_PER_ITEM_BYTES = 100
"""What DynamoDB adds to each item, and to each copy in an index, when it bills storage."""
_COPIES = ({"tenant_pk", "time_sk"}, {"subject_pk", "time_sk"})


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


def total(hours: Iterable[Hour]) -> Mapping[Meter, int]:
    """Return the sum of hours."""
    sums: Counter[Meter] = Counter()
    for hour in hours:
        sums.update(hour.amounts)
    return dict(sums)


def packed(entries: Iterable[Entry]) -> Iterator[Sequence[Entry]]:
    """Yield the entries, each id once, in groups that fit a transaction: a part each, and one per tenant and hour."""
    group: list[Entry] = []
    for entry in {entry.name: entry for entry in entries}.values():
        if len(group) + 1 + len({(e.tenant_id, e.hour) for e in (*group, entry)}) > MOST_PARTS:
            yield group
            group = []
        group.append(entry)
    if group:
        yield group


def of_row(image: Mapping[str, Any]) -> Entry:
    """Return the entry of a ledger row in DynamoDB's JSON, from the table or its stream. Raises KeyError."""
    charged = image.get("charged", {}).get("BOOL", False)
    amounts: dict[Meter, int] = {"predictions": 1, "charged": int(charged), "database_bytes": stored_bytes(image)}
    if "reserved_micros" in image:
        amounts["reserved_micros"] = int(image["reserved_micros"]["N"])
    return Entry(
        tenant_id=image["tenant_pk"]["S"],
        entry_id=image["decision_id"]["S"],
        hour=image["created_at"]["S"][:13],
        amounts=amounts,
    )


def stored_bytes(image: Mapping[str, Any]) -> int:
    """Return about what a ledger row takes in the table and in its indexes, by DynamoDB's rules for item sizes.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    copies = (_bytes({n: image[n] for n in names | {"pk", "summary"}}) for names in _COPIES)
    return _bytes(image) + sum(copies)


def _bytes(item: Mapping[str, Any]) -> int:
    return _PER_ITEM_BYTES + sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def _value_bytes(value: Mapping[str, Any]) -> int:
    ((kind, content),) = value.items()
    if kind == "N":
        return len(content) // 2 + 2  # two digits to a byte
    return len(content.encode()) if kind == "S" else 1
