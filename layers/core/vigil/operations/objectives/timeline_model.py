"""Sums of an objective over time: by minute for six and a half hours or longer, by hour for thirty days or longer."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from vigil.operations.objectives.model import BUDGET_WINDOW, Sums

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
_MINUTES_OF_HOUR = HOUR // MINUTE
_MINUTES_KEPT = timedelta(hours=6, minutes=30) // MINUTE
"""Maximum minutes with sums of their own. The longest window that is summed by minute is six hours."""
_BY_MINUTE = timedelta(hours=6)
_HOURS_KEPT = BUDGET_WINDOW // HOUR + 1
"""Maximum hours with sums. A window of 30 days begins at a full hour, and its last hour is not complete."""


def minute_of(moment: datetime) -> int:
    """Return the number of a moment's minute: the whole minutes since 1970."""
    return int(moment.timestamp()) // 60


def start_of(minute: int) -> datetime:
    """Return the first moment of a minute."""
    return datetime.fromtimestamp(minute * 60, UTC)


@dataclass(frozen=True, slots=True)
class Timeline:
    """Sums of one objective by minute and by hour, both numbered since 1970. Times without units have no entry."""

    minutes: Mapping[int, Sums] = field(default_factory=dict)
    hours: Mapping[int, Sums] = field(default_factory=dict)

    def with_points(self, points: Mapping[int, Sums]) -> "Timeline":
        """Return the timeline with further minutes, each of which may be added once.

        The latest minutes and hours remain, as many as a window needs. Their age is not limited, so that a collection
        whose clock is ahead removes none of them.
        """
        minutes, hours = dict(self.minutes), dict(self.hours)
        for minute, sums in points.items():
            if sums != Sums():
                minutes[minute] = minutes.get(minute, Sums()) + sums
                hour = minute // _MINUTES_OF_HOUR
                hours[hour] = hours.get(hour, Sums()) + sums
        return Timeline(_latest(minutes, _MINUTES_KEPT), _latest(hours, _HOURS_KEPT))

    def window(self, end: int, length: timedelta) -> Sums:
        """Return the units of the window of a length. The minute `end` is not included.

        A window of more than six hours begins at a full hour, so it is up to an hour longer.
        """
        first = end - length // MINUTE
        if length <= _BY_MINUTE:
            return _sum(self.minutes, first)
        return _sum(self.hours, first // _MINUTES_OF_HOUR)

    def to_stored(self) -> dict[str, list[list[int]]]:
        """Return the timeline as JSON values: lists of number, valid and bad."""
        return {"minutes": _rows(self.minutes), "hours": _rows(self.hours)}

    @classmethod
    def from_stored(cls, stored: Mapping[str, Iterable[tuple[int, int, int]]]) -> "Timeline":
        """Return the timeline of `to_stored`."""
        return cls(*({row[0]: Sums(row[1], row[2]) for row in stored[name]} for name in ("minutes", "hours")))


def _rows(sums: Mapping[int, Sums]) -> list[list[int]]:
    return [[number, each.valid, each.bad] for number, each in sorted(sums.items())]


def _latest(sums: Mapping[int, Sums], count: int) -> dict[int, Sums]:
    return {number: sums[number] for number in sorted(sums)[-count:]}


def _sum(sums: Mapping[int, Sums], first: int) -> Sums:
    numbers = list(sums)
    return sum((sums[number] for number in numbers[bisect_left(numbers, first) :]), Sums())
