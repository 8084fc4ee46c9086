"""Timestamps and calendar months, always in UTC."""

from datetime import UTC, date, datetime, time, timedelta

_LAST = datetime.max.replace(tzinfo=UTC)


def format_timestamp(moment: datetime) -> str:
    """Return a moment in the one format of answers, events and files: `2026-11-21T05:00:00.000000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def add_clamped(moment: datetime, span: timedelta) -> datetime:
    """Return the moment (UTC) after a span, or the last moment of the year 9999 in place of a later one."""
    return _LAST if _LAST - moment < span else moment + span


def seconds_between(earlier: str, later: str) -> float:
    """Return the seconds between two timestamps."""
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()


def format_day(day: date) -> str:
    """Return a day in the format of keys and answers: `2026-11-21`."""
    return date(day.year, day.month, day.day).isoformat()


def format_week(day: date) -> str:
    """Return the ISO week of a day: `2026-W47`."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


def format_wall_time(wall: time) -> str:
    """Return a local time of day in whole minutes: `09:00`."""
    return wall.isoformat("minutes")


def month_of(moment: datetime) -> str:
    """Return the month (UTC) of a moment: `2026-11`."""
    return f"{moment.astimezone(UTC):%Y-%m}"


def next_month_start(month: str) -> datetime:
    """Return the first moment of the month after `month` (`2026-11`)."""
    year, number = map(int, month.split("-"))
    return datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC)


def hours_in_month(month: str) -> int:
    """Return the number of hours in a month (`2026-11`)."""
    start = datetime.fromisoformat(f"{month}-01").replace(tzinfo=UTC)
    return (next_month_start(month) - start) // timedelta(hours=1)


def previous_month(month: str) -> str:
    """Return the month before `month` (`2026-11`)."""
    return f"{datetime.fromisoformat(f'{month}-01') - timedelta(days=1):%Y-%m}"
