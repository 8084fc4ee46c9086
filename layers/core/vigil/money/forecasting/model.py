"""Hourly spend, its anomalies, and projections. Pure values and rules.

Money is in micro-dollars, time in UTC.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Literal

from vigil.kernel.events import Event, create_event
from vigil.kernel.time import format_timestamp
from vigil.money.costs.model import CATEGORIES, Category, CostLine, SpendScope

HOURS_PER_DAY = 24
HOURS_PER_WEEK = 7 * HOURS_PER_DAY
HISTORY_LENGTH = timedelta(weeks=8)
"""Length of the history before today."""
MIN_HISTORY_DAYS = 28
"""Minimum days of history for the detection of anomalies."""
LEVEL_DAYS = 14
"""Days that determine the level of spend; more than half of any such days must have spend."""
QUIET_PERIOD = timedelta(days=1)
"""Minimum time without excess spend before the next excess is a new anomaly."""
LASTING_AFTER = timedelta(weeks=1)
"""Duration after which an anomaly is the usual spend."""
CONFIDENCE = 0.9
"""Probability that the interval of a projection includes the actual spend."""
PUBLISH_LEASE = timedelta(minutes=2)
"""How long the worker that found an anomaly owns it before another may publish it."""
_HOUR = timedelta(hours=1)
HourlyCosts = Iterable[tuple[str, Category, Fraction]]
"""Hours (`2026-11-21T05`), categories and unrounded costs."""


@dataclass(frozen=True, slots=True)
class CategoryHistory:
    """Hourly spend of one category on whole days, from the first day with spend to yesterday; may be empty.

    `weekday` is the weekday of the first day (Monday is 0).
    """

    hours: tuple[float, ...]
    weekday: int

    @property
    def is_sufficient(self) -> bool:
        """True if the history is long and dense enough for the detection of anomalies."""
        busy = [any(self.hours[start : start + HOURS_PER_DAY]) for start in range(0, len(self.hours), HOURS_PER_DAY)]
        windows = (busy[end - LEVEL_DAYS : end] for end in range(LEVEL_DAYS, len(busy) + 1))
        return len(busy) >= MIN_HISTORY_DAYS and all(sum(days) > LEVEL_DAYS / 2 for days in windows)


def category_histories(
    hourly: HourlyCosts, anomalies: "Iterable[Anomaly]", now: datetime
) -> Mapping[Category, CategoryHistory]:
    """Return the history of each category: the eight weeks before today, from the day of its first spend.

    The hours of an anomaly are replaced by those one week earlier. The hours of an anomaly that lasted for a week stay,
    because they are the usual spend now.
    """
    first = _midnight(now) - HISTORY_LENGTH
    count = HISTORY_LENGTH // _HOUR
    spent: dict[Category, list[float]] = {category: [0.0] * count for category in CATEGORIES}
    for hour, category, micros in hourly:
        if 0 <= (number := _number(hour, first)) < count:
            spent[category][number] += float(micros)
    for anomaly in anomalies:
        if not anomaly.is_lasting:
            begin, end = _number(anomaly.began, first) - anomaly.hours + 1, _number(anomaly.seen, first) + 1
            hours = spent[anomaly.category]
            for number in range(max(begin, HOURS_PER_WEEK), min(end, count)):
                hours[number] = hours[number - HOURS_PER_WEEK]
    return {category: _from_first_spend(hours, first) for category, hours in spent.items()}


def hours_of_today(hourly: HourlyCosts, now: datetime) -> Mapping[Category, Sequence[float]]:
    """Return the spend of each hour of today by category; the current hour is last."""
    first = _midnight(now)
    count = (now - first) // _HOUR + 1
    spent: dict[Category, list[float]] = defaultdict(lambda: [0.0] * count)
    for hour, category, micros in hourly:
        if 0 <= (number := _number(hour, first)) < count:
            spent[category][number] += float(micros)
    return spent


def daily_spend(lines: Iterable[CostLine], first: datetime, count: int) -> list[int]:
    """Return the spend of each of `count` days from `first` on; adjustments do not belong to a day."""
    days = [0] * count
    for line in lines:
        number = (datetime.fromisoformat(line.day).replace(tzinfo=UTC) - first).days
        if line.adjusts is None and 0 <= number < count:
            days[number] += line.micros
    return days


@dataclass(frozen=True, slots=True)
class ExcessSpend:
    """Spend of the last `hours` hours above the bound of chance; the current hour is included."""

    hours: int
    spent: float
    expected: float
    bound: float


@dataclass(frozen=True, slots=True)
class Anomaly:
    """Spend that chance does not explain: the anomaly with this `number` in its category, from 1.

    It was found in the hour `began`: `spent_micros` of the `hours` hours up to it exceeded `bound_micros`, while
    `expected_micros` were expected. `seen` is the last hour with an excess.
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

    def includes(self, hour: str) -> bool:
        """Return True if an excess in an hour belongs to this anomaly: at most one day after it was last seen."""
        return _moment(hour) - _moment(self.seen) <= QUIET_PERIOD

    @property
    def is_lasting(self) -> bool:
        """True if the anomaly lasted so long that it is the usual spend."""
        return _moment(self.seen) - _moment(self.began) >= LASTING_AFTER

    @property
    def is_published(self) -> bool:
        """True if the event of the anomaly was published."""
        return self.state == "told"

    def with_last_seen(self, hour: str) -> "Anomaly":
        """Return a copy that was last seen in a later hour."""
        return replace(self, seen=max(hour, self.seen))

    def as_published(self) -> "Anomaly":
        """Return a copy whose event is published."""
        return replace(self, state="told")

    def is_abandoned(self, now: datetime) -> bool:
        """Return True if the anomaly is unpublished and the lease of its finder has expired."""
        return not self.is_published and datetime.fromisoformat(self.found_at) + PUBLISH_LEASE <= now

    def to_event(self, tenant_id: str) -> Event:
        """Return the event of the anomaly; it is the same for every delivery."""
        fields = {name: value for name, value in asdict(self).items() if name not in {"found_at", "seen", "state"}}
        source_id = f"{tenant_id}.{self.category}.{self.began}.{self.number}"
        return create_event(source_id, "spend.anomaly_found", self.found_at, {"tenant_id": tenant_id, **fields})


def create_anomaly(category: Category, number: int, excess: ExcessSpend, now: datetime) -> Anomaly:
    """Return a new pending anomaly."""
    return Anomaly(
        category=category,
        number=number,
        began=hour_of(now),
        seen=hour_of(now),
        hours=excess.hours,
        spent_micros=round(excess.spent),
        expected_micros=round(excess.expected),
        bound_micros=round(excess.bound),
        found_at=format_timestamp(now),
    )


@dataclass(frozen=True, slots=True)
class Projection:
    """Spend of a category, or of the total, in a month so far, and its projection to the end of the month.

    The actual spend is between low and high with the probability `CONFIDENCE`. Without enough days there is no
    interval.
    """

    scope: SpendScope
    spent_micros: int
    low_micros: int | None = None
    middle_micros: int | None = None
    high_micros: int | None = None


def hour_of(moment: datetime) -> str:
    """Return the hour of a moment: `2026-11-21T05`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H")


def history_months(now: datetime) -> tuple[str, ...]:
    """Return the months of the history and of today, in order."""
    day, months = now - HISTORY_LENGTH, []
    while day <= now:
        months.append(f"{day:%Y-%m}")
        day += timedelta(days=1)
    return tuple(dict.fromkeys(months))


def _from_first_spend(hours: Sequence[float], first: datetime) -> CategoryHistory:
    """Return the history from the day of the first spend."""
    used = next((number for number, micros in enumerate(hours) if micros > 0), len(hours))
    days = used // HOURS_PER_DAY
    return CategoryHistory(tuple(hours[days * HOURS_PER_DAY :]), (first + timedelta(days=days)).weekday())


def _midnight(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _number(hour: str, first: datetime) -> int:
    return (_moment(hour) - first) // _HOUR


def _moment(hour: str) -> datetime:
    return datetime.fromisoformat(f"{hour}:00+00:00")
