"""Moments and calendar months, always in UTC."""

from datetime import UTC, datetime, timedelta


def format_timestamp(moment: datetime) -> str:
    """Return a moment in the one format of answers, events and files: `2026-11-21T05:00:00.000000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def month_of(moment: datetime) -> str:
    """Return the month (UTC) that a moment belongs to: `2026-11`."""
    return f"{moment.astimezone(UTC):%Y-%m}"


def resets_at(month: str) -> datetime:
    """Return the moment at which the next month begins."""
    year, number = map(int, month.split("-"))
    return datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC)


def hours_in(month: str) -> int:
    """Return how many hours a month (`2026-11`) has."""
    start = datetime.fromisoformat(f"{month}-01").replace(tzinfo=UTC)
    return (resets_at(month) - start) // timedelta(hours=1)


def month_before(month: str) -> str:
    """Return the month before one."""
    return f"{datetime.fromisoformat(f'{month}-01') - timedelta(days=1):%Y-%m}"
