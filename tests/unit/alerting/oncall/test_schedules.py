"""On call: members, hand-offs and windows at local wall times, over clock changes."""

from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from tests.support.rotas import END, START, ZONES, check_two_years, random_schedule
from vigil.alerting.oncall.calendar_model import holders, moment, turn_start
from vigil.alerting.oncall.model import Layer, Override, Schedule, Shift, Window
from vigil.alerting.oncall.shifts_model import shifts

BERLIN = ZoneInfo("Europe/Berlin")
WEEKLY = Layer("weekly", ("ann", "ben"), 1, "week", date(2026, 3, 16), time(9))
NIGHTS = Window((0, 1, 2, 3, 4), time(22), time(6))


def at(text, zone="Europe/Berlin"):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def rota(*layers, overrides=(), zone="Europe/Berlin"):
    return Schedule("sch-1", "Rota", zone, layers, overrides)


@pytest.mark.parametrize("zone", ZONES)
def test_random_schedules_are_right_for_two_years(zone):
    random = Random(f"fast {zone}")
    for _ in range(15):
        assert check_two_years(random_schedule(random, zone), random) > 0


def test_a_turn_of_a_week_ends_at_the_wall_time_after_a_clock_change():
    schedule = rota(WEEKLY)
    assert holders(schedule, at("2026-03-30T08:59")) == ("ben",)
    assert holders(schedule, at("2026-03-30T09:00")) == ("ann",)
    assert turn_start(WEEKLY, BERLIN, 2) - turn_start(WEEKLY, BERLIN, 1) == timedelta(days=7, hours=-1)


def test_a_turn_is_counted_in_calendar_days_not_in_hours():
    daily = Layer("daily", ("ann", "ben"), 1, "day", date(2026, 1, 1), time(0, 30))
    for day in range(700):
        noon = f"{date(2026, 1, 1) + timedelta(days=day)}T12:00"
        assert holders(rota(daily), at(noon)) == (("ann", "ben")[day % 2],)


def test_a_skipped_wall_time_has_the_offset_before_the_change():
    assert moment(date(2026, 3, 29), time(2, 30), BERLIN) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_a_repeated_wall_time_is_the_first_one():
    assert moment(date(2026, 10, 25), time(2, 30), BERLIN) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_a_hand_off_in_a_repeated_hour_happens_once():
    daily = Layer("daily", ("ann", "ben"), 1, "day", date(2026, 10, 24), time(2, 30))
    start = datetime(2026, 10, 25, tzinfo=UTC)
    found = [holders(rota(daily), start + timedelta(minutes=minute)) for minute in range(180)]
    assert found == [("ann",)] * 30 + [("ben",)] * 150


def test_before_the_first_turn_no_member_is_on_call():
    assert holders(rota(WEEKLY), at("2026-03-16T08:59")) == ()
    assert shifts(rota(WEEKLY), at("2026-03-01T00:00"), at("2026-03-16T09:00")) == ()


def test_a_later_layer_replaces_earlier_ones_while_it_is_on_duty():
    nights = Layer("nights", ("cem",), 1, "day", date(2026, 3, 16), time(0), (NIGHTS,))
    schedule = rota(WEEKLY, nights)
    assert holders(schedule, at("2026-03-17T23:00")) == ("cem",)
    assert holders(schedule, at("2026-03-18T05:59")) == ("cem",)
    assert holders(schedule, at("2026-03-18T06:00")) == ("ann",)
    assert holders(schedule, at("2026-03-21T05:00")) == ("cem",), "Friday's window ends on Saturday"
    assert holders(schedule, at("2026-03-21T23:00")) == ("ann",)


def test_a_window_keeps_its_wall_times_over_a_clock_change():
    office = Layer("office", ("ann",), 1, "week", date(2026, 3, 23), time(0), (Window((5, 6), time(1), time(4)),))
    found = shifts(rota(office), at("2026-03-28T00:00"), at("2026-03-30T00:00"))
    lengths = [shift.ends_at - shift.starts_at for shift in found]
    assert lengths == [timedelta(hours=3), timedelta(hours=2)]
    assert {shift.starts_at.astimezone(BERLIN).hour for shift in found} == {1}


def test_a_window_that_a_clock_change_skips_has_no_shift():
    skipped = Layer("gap", ("ann",), 1, "week", date(2026, 3, 23), time(0), (Window((6,), time(2), time(3)),))
    assert shifts(rota(skipped), at("2026-03-29T00:00"), at("2026-03-30T00:00")) == ()


def test_a_whole_day_window_has_no_gap():
    whole = Layer("days", ("ann",), 1, "day", date(2026, 1, 1), time(0), (Window(tuple(range(7)), time(0), time(0)),))
    start, end = at("2026-03-01T00:00"), at("2026-04-01T00:00")
    assert shifts(rota(whole), start, end) == (Shift("ann", start, end, "days"),)


def test_the_last_override_replaces_layers_and_other_overrides():
    first = Override("dee", at("2026-03-18T00:00"), at("2026-03-20T00:00"))
    last = Override("eve", at("2026-03-19T00:00"), at("2026-03-19T12:00"))
    schedule = rota(WEEKLY, overrides=(first, last))
    start, end = at("2026-03-17T00:00"), at("2026-03-21T00:00")
    assert shifts(schedule, start, end) == (
        Shift("ann", start, first.starts_at, "weekly"),
        Shift("dee", first.starts_at, last.starts_at, None),
        Shift("eve", last.starts_at, last.ends_at, None),
        Shift("dee", last.ends_at, first.ends_at, None),
        Shift("ann", first.ends_at, end, "weekly"),
    )


def test_an_override_alone_leaves_gaps_before_and_after():
    only = Override("dee", START + timedelta(days=1), START + timedelta(days=2))
    assert shifts(rota(overrides=(only,)), START, END) == (Shift("dee", only.starts_at, only.ends_at, None),)
    assert holders(rota(overrides=(only,)), START) == ()


def test_neighbouring_turns_of_one_member_are_one_shift():
    alone = Layer("alone", ("ann",), 1, "day", date(2025, 12, 1), time(9))
    assert shifts(rota(alone), START, END) == (Shift("ann", START, END, "alone"),)


@pytest.mark.parametrize("zone", ["America/Havana", "Asia/Beirut", "Africa/Cairo"])
def test_clocks_that_change_at_midnight_keep_the_order_of_turns(zone):
    daily = Layer("daily", ("ann", "ben", "cem"), 1, "day", date(2026, 1, 1), time(0))
    found = shifts(rota(daily, zone=zone), START + timedelta(days=1), END)
    assert [shift.member_id for shift in found] == [daily.people[n % 3] for n in range(*_turns(found, daily))]
    for shift in found[::7]:
        assert holders(rota(daily, zone=zone), shift.starts_at) == (shift.member_id,)


def _turns(found, layer):
    first = layer.people.index(found[0].member_id)
    return first, first + len(found)


def test_a_turn_goes_on_when_the_clock_goes_back_to_the_day_before():
    daily = Layer("daily", ("ann", "ben"), 1, "day", date(2010, 11, 6), time(0))
    begins = datetime(2010, 11, 7, 2, 30, tzinfo=UTC)  # a minute later, the clock there went back to 23:01
    found = [holders(rota(daily, zone="America/St_Johns"), begins + timedelta(minutes=n)) for n in (-1, 0, 1, 61)]
    assert found == [("ann",), ("ben",), ("ben",), ("ben",)]


def test_the_members_of_a_schedule_are_those_of_layers_and_overrides():
    schedule = rota(WEEKLY, overrides=(Override("dee", START, END),))
    assert schedule.member_ids == {"ann", "ben", "dee"}
