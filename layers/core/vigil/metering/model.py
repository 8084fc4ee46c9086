"""What is counted of a tenant's use, and how much of it there may be in a month. Pure values and rules."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Meter = Literal["predictions", "charged", "database_bytes"]
"""`charged` are the predictions that counted against a month's quota."""
MOST_PARTS = 100
"""Of one DynamoDB transaction."""
_PER_ITEM_BYTES = 100
"""What DynamoDB adds to each item, and to each copy in an index, when it bills storage."""
_COPIES = ({"tenant_pk", "time_sk"}, {"subject_pk", "time_sk"})


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happened once, known by its id: whose, on which day (UTC, `2026-11-21`), and how much of what."""

    tenant_id: str
    entry_id: str
    day: str
    amounts: Mapping[Meter, int]

    @property
    def name(self) -> tuple[str, str]:
        """What tells it from every other entry: its tenant and its id."""
        return self.tenant_id, self.entry_id


@dataclass(frozen=True, slots=True)
class Day:
    """What is counted of one day."""

    day: str
    predictions: int = 0
    charged: int = 0
    database_bytes: int = 0
    api_calls: int = 0

    def plus(self, other: "Day") -> "Day":
        """Return the sum, under this day's name."""
        sums = (getattr(self, name) + getattr(other, name) for name in self.__slots__[1:])
        return Day(self.day, *sums)


@dataclass(frozen=True, slots=True)
class MonthOfUse:
    """A month of a tenant: its days in order, and what was taken from the quota, batches' reservations included."""

    month: str
    days: tuple[Day, ...]
    used: int

    def total(self) -> Day:
        """Return the sum of the days, under the month's name."""
        total = Day(self.month)
        for day in self.days:
            total = total.plus(day)
        return total


def packed(entries: Iterable[Entry]) -> Iterator[Sequence[Entry]]:
    """Yield the entries, each id once, in groups that fit a transaction: a part each, and one per tenant and day."""
    group: list[Entry] = []
    for entry in {entry.name: entry for entry in entries}.values():
        if len(group) + 1 + len({(e.tenant_id, e.day) for e in (*group, entry)}) > MOST_PARTS:
            yield group
            group = []
        group.append(entry)
    if group:
        yield group


def of_row(image: Mapping[str, Any]) -> Entry:
    """Return the entry of a ledger row in DynamoDB's JSON, from the table or its stream. Raises KeyError."""
    charged = image.get("charged", {}).get("BOOL", False)
    return Entry(
        tenant_id=image["tenant_pk"]["S"],
        entry_id=image["decision_id"]["S"],
        day=image["created_at"]["S"][:10],
        amounts={"predictions": 1, "charged": int(charged), "database_bytes": stored_bytes(image)},
    )


def stored_bytes(image: Mapping[str, Any]) -> int:
    """Return about what a ledger row takes in the table and in its indexes, by DynamoDB's rules for item sizes.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    # What is left of an erased row has no summary, and in the end no subject.
    copies = (_bytes({n: image[n] for n in (names | {"pk", "summary"}) & image.keys()}) for names in _COPIES)
    return _bytes(image) + sum(copies)


def _bytes(item: Mapping[str, Any]) -> int:
    return _PER_ITEM_BYTES + sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def _value_bytes(value: Mapping[str, Any]) -> int:
    ((kind, content),) = value.items()
    if kind == "N":
        return len(content) // 2 + 2  # two digits to a byte
    return len(content.encode()) if kind == "S" else 1
