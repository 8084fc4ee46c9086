"""The member on call at a moment. Turns are counted in whole local calendar periods, never in elapsed seconds.

A wall time is read as RFC 5545, 3.3.5 says: a time that a clock change skips has the offset before the change, and a
time that occurs twice is the first one. `zoneinfo` reads times in this way with `fold=0` (PEP 495).
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from vigil.alerting.oncall.model import Layer, Schedule, Window

_DAYS_BEFORE, _DAYS_AFTER = 2, 1
"""Days before and after a local day whose windows can touch it, clock changes at midnight included."""


def holders(schedule: Schedule, at: datetime) -> tuple[str, ...]:
    """Return the id of the member on call at a moment, as a tuple of at most one.

    It is empty if no layer is on duty. `at` has an offset.
    """
    for override in reversed(schedule.overrides):
        if override.starts_at <= at < override.ends_at:
            return (override.member_id,)
    zone = ZoneInfo(schedule.zone)
    found = (layer_holder(layer, zone, at) for layer in reversed(schedule.layers))
    return next(((member,) for member in found if member is not None), ())


def layer_holder(layer: Layer, zone: ZoneInfo, at: datetime) -> str | None:
    """Return the id of the member whose turn it is, or None before the first turn and outside the layer's windows."""
    turn = turn_index(layer, zone, at)
    if turn < 0 or not _is_on_duty(layer, zone, at):
        return None
    return layer.people[turn % len(layer.people)]


def turn_index(layer: Layer, zone: ZoneInfo, at: datetime) -> int:
    """Return the number of the turn at a moment, from 0. It is negative before the first turn.

    `at` has an offset, and `zone` is that of the schedule.
    """
    days = (at.astimezone(zone).date() - layer.starts_on).days
    # The next turn can have begun: after midnight, a clock can go back to the day before.
    turn = days // layer.days_per_turn + 1
    while turn_start(layer, zone, turn) > at:
        turn -= 1
    return turn


def turn_start(layer: Layer, zone: ZoneInfo, turn: int) -> datetime:
    """Return the moment (UTC) at which a turn begins."""
    return moment(layer.starts_on + timedelta(days=turn * layer.days_per_turn), layer.hand_off_at, zone)


def moment(day: date, wall_time: time, zone: ZoneInfo) -> datetime:
    """Return the moment (UTC) of a wall time on a local day.

    A wall time that a clock change skips has the offset before the change; of one that occurs twice, it is the first.
    """
    return datetime.combine(day, wall_time, zone).astimezone(UTC)


def window_spans(layer: Layer, zone: ZoneInfo, first: date, last: date) -> Iterator[tuple[datetime, datetime]]:
    """Yield start and end (UTC) of each window of the layer that can touch the local days `first` to `last`.

    Spans are in the order of their days, and may overlap or lie outside these days. A window that a clock change skips
    as a whole is absent.
    """
    for number in range(-_DAYS_BEFORE, (last - first).days + _DAYS_AFTER + 1):
        day = first + timedelta(days=number)
        for window in layer.windows:
            if day.weekday() in window.weekdays:
                starts, ends = moment(day, window.starts_at, zone), _window_end(window, zone, day)
                if starts < ends:
                    yield starts, ends


def _window_end(window: Window, zone: ZoneInfo, day: date) -> datetime:
    is_overnight = window.ends_at <= window.starts_at
    return moment(day + timedelta(days=is_overnight), window.ends_at, zone)


def _is_on_duty(layer: Layer, zone: ZoneInfo, at: datetime) -> bool:
    day = at.astimezone(zone).date()
    return not layer.windows or any(starts <= at < ends for starts, ends in window_spans(layer, zone, day, day))
