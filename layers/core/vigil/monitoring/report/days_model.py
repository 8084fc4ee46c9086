"""Days and ISO weeks as texts (`2026-11-21`, `2026-W47`), always in UTC."""

from datetime import date, timedelta

from vigil.kernel.time import format_day, format_week


def day_before(day: str, number: int) -> str:
    """Return the day that is `number` days before `day`; a negative number gives a later day."""
    return format_day(date.fromisoformat(day) - timedelta(days=number))


def week_start(day: str) -> str:
    """Return the Monday (`2026-11-16`) of the week of a day (`2026-11-21`)."""
    return day_before(day, date.fromisoformat(day).weekday())


def week_of(day: str) -> str:
    """Return the ISO week (`2026-W47`) of a day (`2026-11-21`)."""
    return format_week(date.fromisoformat(day))


def monday_of(week: str) -> str:
    """Return the Monday (`2026-11-16`) of an ISO week (`2026-W47`)."""
    return format_day(date.fromisocalendar(int(week[:4]), int(week[6:]), 1))


def sunday_of(week: str) -> str:
    """Return the Sunday (`2026-11-22`) of an ISO week (`2026-W47`)."""
    return day_before(monday_of(week), -6)


def last_ended_week(through: str) -> str:
    """Return the last ISO week (`2026-W47`) whose Sunday is not after a day (`2026-11-22`)."""
    this = week_of(through)
    return this if sunday_of(this) == through else week_of(day_before(monday_of(this), 7))
