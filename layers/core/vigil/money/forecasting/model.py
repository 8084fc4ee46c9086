"""Spend as series, the anomalies that were found in it, and projections: micros, by UTC. Pure values and rules."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Literal, get_args

from vigil.kernel.events import Event, Kind
from vigil.money.costs.model import CATEGORIES, Category, Line

Scope = Literal["api_calls", "inference", "storage", "database", "third_party", "total"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
DAY = 24
WEEK = 7 * DAY
HISTORY = timedelta(weeks=8)
"""As far back as is looked."""
LEAST_DAYS = 28
"""Without so many nobody knows what is usual."""
LEVEL_DAYS = 14
"""Say how much is spent at a time: most of any so many have spend, or else there is nothing to expect."""
QUIET = timedelta(days=1)
"""What is found again before that is the same anomaly."""
LASTING = timedelta(weeks=1)
CONFIDENCE = 0.9
"""Of the intervals of projections."""
PATIENCE = timedelta(minutes=2)
"""After that whoever found an anomaly and has not told it will not."""
_HOUR = timedelta(hours=1)
Hourly = Iterable[tuple[str, Category, Fraction]]


@dataclass(frozen=True, slots=True)
class Past:
    """What one category cost in each hour of whole days, from a day with spend up to yesterday; maybe none."""

    hours: tuple[float, ...]
    weekday: int

    @property
    def enough(self) -> bool:
        """Whether it is enough to tell what is an anomaly."""
        busy = [any(self.hours[start : start + DAY]) for start in range(0, len(self.hours), DAY)]
        fortnights = (busy[end - LEVEL_DAYS : end] for end in range(LEVEL_DAYS, len(busy) + 1))
        return len(busy) >= LEAST_DAYS and all(sum(days) > LEVEL_DAYS / 2 for days in fortnights)


def pasts(hourly: Hourly, anomalies: "Iterable[Anomaly]", now: datetime) -> Mapping[Category, Past]:
    """Return the past of each category: the eight weeks before today, without the days before it was first used.

    Hours of an anomaly are taken to have been as a week before; of one that has lasted for a week, they are what they
    were, because that is what is usual now.
    """
    first = _midnight(now) - HISTORY
    count = HISTORY // _HOUR
    spent: dict[Category, list[float]] = {category: [0.0] * count for category in CATEGORIES}
    for hour, category, micros in hourly:
        if 0 <= (number := _number(hour, first)) < count:
            spent[category][number] += float(micros)
    for anomaly in anomalies:
        if not anomaly.lasting:
            begin, end = _number(anomaly.began, first) - anomaly.hours + 1, _number(anomaly.seen, first) + 1
            hours = spent[anomaly.category]
            for number in range(max(begin, WEEK), min(end, count)):
                hours[number] = hours[number - WEEK]
    return {category: _begun(hours, first) for category, hours in spent.items()}


def today(hourly: Hourly, now: datetime) -> Mapping[Category, Sequence[float]]:
    """Return what each hour of today cost by category, the running one last."""
    first = _midnight(now)
    count = (now - first) // _HOUR + 1
    spent: dict[Category, list[float]] = defaultdict(lambda: [0.0] * count)
    for hour, category, micros in hourly:
        if 0 <= (number := _number(hour, first)) < count:
            spent[category][number] += float(micros)
    return spent


def daily(lines: Iterable[Line], first: datetime, count: int) -> list[int]:
    """Return what was spent on each of so many days; adjustments are of no day."""
    days = [0] * count
    for line in lines:
        number = (datetime.fromisoformat(line.day).replace(tzinfo=UTC) - first).days
        if line.adjusts is None and 0 <= number < count:
            days[number] += line.micros
    return days


@dataclass(frozen=True, slots=True)
class Finding:
    """The spend of some hours, the running one last, beyond the bound of chance."""

    hours: int
    spent: float
    expected: float
    bound: float


@dataclass(frozen=True, slots=True)
class Anomaly:
    """Spend beyond what chance explains: the `number`th of its category, from 1.

    `spent_micros` of the `hours` up to `began`, the hour in which it was found, were beyond `bound_micros`; the same
    hours were expected to cost `expected_micros`. `seen` is the last hour in which that was so.
    """

    category: Category
    number: int
    began: str
    seen: str
    hours: int
    spent_micros: int
    expected_micros: int
    bound_micros: int
    found_at: str
    state: Literal["pending", "told"] = "pending"

    def again(self, hour: str) -> bool:
        """Say whether what is found in an hour is still this anomaly: less than a day after it was last seen."""
        return _moment(hour) - _moment(self.seen) <= QUIET

    @property
    def lasting(self) -> bool:
        """Whether it has gone on for so long that it is what is usual."""
        return _moment(self.seen) - _moment(self.began) >= LASTING

    def seen_in(self, hour: str) -> "Anomaly":
        """Return it as seen in a later hour."""
        return replace(self, seen=max(hour, self.seen))

    def forsaken(self, now: datetime) -> bool:
        """Say whether whoever found it has not told it, and will not."""
        return self.state == "pending" and datetime.fromisoformat(self.found_at) + PATIENCE <= now

    def event(self, tenant_id: str) -> Event:
        """Return what others are told: the same whenever, and by whomever, it is told."""
        kind: Kind = "spend.anomaly"
        event_id = f"{tenant_id}.{self.category}.{self.began}.{self.number}.{kind}"
        facts = {name: value for name, value in asdict(self).items() if name not in {"found_at", "seen", "state"}}
        about = {"event_id": event_id, "event_version": 1, "occurred_at": self.found_at, "tenant_id": tenant_id}
        return Event(event_id, kind, self.found_at, json.dumps(about | facts, separators=(",", ":")))


def begun(category: Category, number: int, finding: Finding, now: datetime) -> Anomaly:
    """Return the anomaly that a finding is when it is no known one."""
    return Anomaly(
        category=category,
        number=number,
        began=hour_of(now),
        seen=hour_of(now),
        hours=finding.hours,
        spent_micros=round(finding.spent),
        expected_micros=round(finding.expected),
        bound_micros=round(finding.bound),
        found_at=now.isoformat(timespec="seconds"),
    )


@dataclass(frozen=True, slots=True)
class Projection:
    """What a category, or all, will have cost at the end of a month; `level` is the probability of low to high.

    Without enough days to tell, there is no interval.
    """

    scope: Scope
    spent_micros: int
    low_micros: int | None = None
    middle_micros: int | None = None
    high_micros: int | None = None


def hour_of(moment: datetime) -> str:
    """Return the hour of a moment."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H")


def months(now: datetime) -> tuple[str, ...]:
    """Return the months that the past and today are in, in order."""
    day, names = now - HISTORY, []
    while day <= now:
        names.append(f"{day:%Y-%m}")
        day += timedelta(days=1)
    return tuple(dict.fromkeys(names))


def _begun(hours: Sequence[float], first: datetime) -> Past:
    """Return hours from the day on in which the first spend was."""
    used = next((number for number, micros in enumerate(hours) if micros > 0), len(hours))
    days = used // DAY
    return Past(tuple(hours[days * DAY :]), (first + timedelta(days=days)).weekday())


def _midnight(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _number(hour: str, first: datetime) -> int:
    return (_moment(hour) - first) // _HOUR


def _moment(hour: str) -> datetime:
    return datetime.fromisoformat(f"{hour}:00+00:00")
