"""The shifts of a schedule between two moments."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from vigil.alerting.oncall.calendar_model import turn_index, turn_start, window_spans
from vigil.alerting.oncall.model import Layer, Schedule, Shift

MAX_SPAN = timedelta(days=31)
"""Maximum time between start and end of a list of shifts in the API."""
Span = tuple[datetime, datetime]


def shifts(schedule: Schedule, start: datetime, end: datetime) -> tuple[Shift, ...]:
    """Return the shifts from `start` until before `end`, in order; the first and last are cut to these times.

    They do not overlap. In a gap between two shifts, no member is on call.
    """
    zone = ZoneInfo(schedule.zone)
    levels = [list(layer_shifts(layer, zone, start, end)) for layer in schedule.layers]
    levels += [
        [Shift(each.member_id, max(each.starts_at, start), min(each.ends_at, end), None)]
        for each in schedule.overrides
        if each.starts_at < end and start < each.ends_at
    ]
    return tuple(_joined(_highest(levels)))


def layer_shifts(layer: Layer, zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[Shift]:
    """Yield the shifts of one layer from `start` until before `end`, in order. Windows split a turn into several."""
    days = start.astimezone(zone).date(), end.astimezone(zone).date()
    duty = _united(window_spans(layer, zone, *days)) if layer.windows else [(start, end)]
    for number, turn in _turns(layer, zone, start, end):
        member = layer.people[number % len(layer.people)]
        yield from (Shift(member, *part, layer.name) for part in _common(turn, duty, (start, end)))


def _turns(layer: Layer, zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[tuple[int, Span]]:
    number = max(turn_index(layer, zone, start), 0)
    begins = turn_start(layer, zone, number)
    while begins < end:
        ends = turn_start(layer, zone, number + 1)
        yield number, (begins, ends)
        number, begins = number + 1, ends


def _united(spans: Iterable[Span]) -> list[Span]:
    """Return the spans in order; those that touch or overlap are one span."""
    united: list[Span] = []
    for starts, ends in sorted(spans):
        if united and starts <= united[-1][1]:
            united[-1] = united[-1][0], max(united[-1][1], ends)
        else:
            united.append((starts, ends))
    return united


def _common(turn: Span, duty: Sequence[Span], limits: Span) -> Iterator[Span]:
    """Yield the parts of a turn that lie in the duty and the limits."""
    first = max(bisect_right(duty, turn) - 1, 0)
    for starts, ends in duty[first:]:
        if starts >= turn[1]:
            return
        part = max(starts, turn[0], limits[0]), min(ends, turn[1], limits[1])
        if part[0] < part[1]:
            yield part


def _highest(levels: Sequence[Sequence[Shift]]) -> Iterator[Shift]:
    """Yield the shift of the last level that has one, between each two moments at which a level changes."""
    moments = sorted({moment for level in levels for shift in level for moment in (shift.starts_at, shift.ends_at)})
    next_shift = [0] * len(levels)
    for starts, ends in pairwise(moments):
        found = None
        for number, level in enumerate(levels):
            while next_shift[number] < len(level) and level[next_shift[number]].ends_at <= starts:
                next_shift[number] += 1
            if next_shift[number] < len(level) and level[next_shift[number]].starts_at <= starts:
                found = level[next_shift[number]]
        if found:
            yield Shift(found.member_id, starts, ends, found.layer)


def _joined(parts: Iterable[Shift]) -> Iterator[Shift]:
    """Yield the parts in order; neighbours of the same member and layer are one shift."""
    before: Shift | None = None
    for part in parts:
        if before and (before.member_id, before.layer, before.ends_at) == (part.member_id, part.layer, part.starts_at):
            before = Shift(before.member_id, before.starts_at, part.ends_at, before.layer)
            continue
        if before:
            yield before
        before = part
    if before:
        yield before
