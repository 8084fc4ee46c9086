"""Random schedules, and a check of two years of each. The check converts only from UTC, which is never ambiguous."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

from vigil.alerting.oncall.calendar_model import holders, layer_holder
from vigil.alerting.oncall.model import Layer, Override, RotationUnit, Schedule, Shift, Window
from vigil.alerting.oncall.shifts_model import layer_shifts, shifts

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Nairobi", "Asia/Kathmandu")
START = datetime(2026, 1, 1, tzinfo=UTC)
END = datetime(2028, 1, 1, tzinfo=UTC)
_CLOCK_CHANGES = (timedelta(0), timedelta(minutes=30), timedelta(hours=1))
"""Sizes of the clock changes of these zones."""


def random_schedule(random: Random, zone: str) -> Schedule:
    """Return a schedule with one to three layers; half of its layers have no windows."""
    layers = tuple(_layer(random, number) for number in range(random.randint(1, 3)))
    overrides = tuple(_override(random) for _ in range(random.randint(0, 2)))
    return Schedule("sch-1", "Rota", zone, layers, overrides)


def check_two_years(schedule: Schedule, random: Random) -> int:
    """Check every layer, the whole schedule and random moments; return the number of checked hand-offs."""
    zone, count = ZoneInfo(schedule.zone), 0
    for layer in schedule.layers:
        free = replace(layer, windows=())
        count += _check_turns(free, zone, list(layer_shifts(free, zone, START, END)))
        _check_restricted(layer, zone, list(layer_shifts(layer, zone, START, END)))
    _check_whole(schedule, shifts(schedule, START, END), random)
    return count


def _layer(random: Random, number: int) -> Layer:
    people = tuple(f"mem-{number}{person}" for person in range(random.randint(1, 5)))
    wall = time(random.randrange(24), random.choice((0, 0, 15, 30, 45)))
    # Half of the hand-offs lie in the hours in which clocks change.
    wall = wall.replace(hour=random.choice((0, 1, 2, 3))) if random.random() < 0.5 else wall
    unit: RotationUnit = random.choice(("day", "week"))
    starts_on = date(2025, 12, 1) + timedelta(days=random.randrange(60))
    windows = tuple(_window(random) for _ in range(random.choice((0, 0, 1, 2))))
    return Layer(f"layer {number}", people, random.randint(1, 3), unit, starts_on, wall, windows)


def _window(random: Random) -> Window:
    weekdays = tuple(sorted(random.sample(range(7), random.randint(1, 7))))
    return Window(weekdays, time(random.randrange(24), 30 * random.randrange(2)), time(random.randrange(24)))


def _override(random: Random) -> Override:
    starts = START + timedelta(minutes=random.randrange(700 * 24 * 60))
    return Override("mem-extra", starts, starts + timedelta(minutes=random.randint(1, 5_000)))


def _check_turns(layer: Layer, zone: ZoneInfo, found: list[Shift]) -> int:
    """Check a layer without windows: no gap, no overlap, hand-offs at the wall time, members in their order."""
    begins = [shift.starts_at for shift in found]
    assert all(before.ends_at == after.starts_at for before, after in pairwise(found))
    assert found[-1].ends_at == END
    assert begins[0] == START or begins[0].astimezone(zone).date() == layer.starts_on
    hand_offs = [moment for moment in begins if moment > START]
    for moment in hand_offs:
        _check_wall_time(moment, layer.hand_off_at, zone)
    days = [moment.astimezone(zone).date() for moment in hand_offs]
    assert {(after - before).days for before, after in pairwise(days)} <= {layer.days_per_turn}
    places = {member: place for place, member in enumerate(layer.people)}
    order = [places[shift.member_id] for shift in found]
    assert all(after == (before + 1) % len(places) for before, after in pairwise(order))
    return len(hand_offs)


def _check_wall_time(moment: datetime, wall: time, zone: ZoneInfo) -> None:
    """Check that a hand-off is the first moment with its wall time, or the skipped wall time with the old offset."""
    local = moment.astimezone(zone).replace(tzinfo=None)
    if local.time() == wall:
        earlier = [(moment - change).astimezone(zone).replace(tzinfo=None) for change in _CLOCK_CHANGES[1:]]
        assert local not in earlier, "the second of two moments with the same wall time"
        return
    skipped = next(change for change in _CLOCK_CHANGES if (local - change).time() == wall)
    before = (moment - timedelta(hours=2)).astimezone(zone).utcoffset()
    after = moment.astimezone(zone).utcoffset()
    assert before is not None
    assert after is not None
    assert after - before == skipped


def _check_restricted(layer: Layer, zone: ZoneInfo, found: list[Shift]) -> None:
    """Check that the shifts of a layer do not overlap and that each lies in a window."""
    assert all(before.ends_at <= after.starts_at for before, after in pairwise(found))
    for shift in found[:: max(len(found) // 20, 1)]:
        for moment in (shift.starts_at, shift.ends_at - timedelta(seconds=1)):
            assert layer_holder(layer, zone, moment) == shift.member_id


def _check_whole(schedule: Schedule, found: tuple[Shift, ...], random: Random) -> None:
    """Check that the shifts do not overlap, and that they name the same member as the schedule at random moments."""
    assert all(before.ends_at <= after.starts_at for before, after in pairwise(found))
    edges = [shift.starts_at for shift in random.sample(found, min(len(found), 10))]
    moments = edges + [START + (END - START) * random.random() for _ in range(10)]
    for moment in moments:
        expected = tuple(shift.member_id for shift in found if shift.starts_at <= moment < shift.ends_at)
        assert holders(schedule, moment) == expected
