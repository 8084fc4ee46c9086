"""A clock for tests."""

from datetime import UTC, datetime, timedelta


class Clock:
    """A clock that changes only when a test advances it."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)
