"""Values of the nightly work: the versions that served a tenant, and its progress."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from vigil.kernel.time import format_day
from vigil.monitoring.profiles.model import Source

CATCH_UP_DAYS = 35
"""Maximum days that one run counts for a tenant; earlier ones stay uncounted."""
ACTIVE_DAYS = 35
"""Days after its last decision until which the drift of a version is judged."""
LATE_WEEKS = 8
"""Weeks after its end in which the cohort of a week takes late outcomes."""
MAX_COHORTS = 13
"""Maximum cohorts of a version that one run forms."""


@dataclass(frozen=True, slots=True)
class ServedVersion:
    """A version and source that decided for a tenant, from the day `first_day` until the day `last_day` so far.

    `labels_week` is the last week (`2026-W47`) with a cohort, `calibration_week` that of an alarm about calibration.
    `groups_month` is the last month in which groups were compared. They are empty before the first time.
    """

    model: str
    version: int
    source: Source
    first_day: str
    last_day: str
    labels_week: str = ""
    calibration_week: str = ""
    groups_month: str = ""

    @property
    def place(self) -> tuple[str, int, Source]:
        """Model, version and source."""
        return self.model, self.version, self.source

    def with_day(self, day: str) -> "ServedVersion":
        """Return the version after decisions of a day."""
        return replace(self, first_day=min(self.first_day, day), last_day=max(self.last_day, day))


def days_to_count(counted: str, through: str) -> Iterator[str]:
    """Yield the days from the last counted one, which may have late decisions, until `through`.

    `counted` is empty before the first count. The days are at most `CATCH_UP_DAYS`.
    """
    last = date.fromisoformat(through)
    start = last - timedelta(days=CATCH_UP_DAYS - 1)
    if counted:
        start = max(start, date.fromisoformat(counted))
    return (format_day(start + timedelta(days=number)) for number in range((last - start).days + 1))
