"""Values of the nightly work: the versions that served a tenant, and its progress."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from vigil.kernel.time import format_day
from vigil.monitoring.profiles.model import Source

CATCH_UP_DAYS = 35
"""Maximum days that one run counts for a tenant, the last one included. Earlier days are never counted."""
ACTIVE_DAYS = 35
"""Days after its last decision until which the drift of a version is judged."""
LATE_WEEKS = 8
"""Number of weeks after the end of a week in which its cohort is formed again for late outcomes."""
MAX_COHORTS = 13
"""Maximum cohorts of a version that one run forms."""


@dataclass(frozen=True, slots=True)
class ServedVersion:
    """A version and source that decided for a tenant, from `first_day` to `last_day` so far (`2026-11-21`, UTC).

    `labels_week` is the last ISO week (`2026-W47`) up to which cohorts are formed. `calibration_week` is the week of
    the alarm about calibration. `groups_month` is the last month (`2026-11`) in which groups were compared.
    `uncounted_since` is the first day that could not be counted, because the package was missing or refused.
    `trials_week` is the last week up to which outcomes of trials are weighed. These five members are "" for none.
    """

    model: str
    version: int
    source: Source
    first_day: str
    last_day: str
    labels_week: str = ""
    calibration_week: str = ""
    groups_month: str = ""
    uncounted_since: str = ""
    trials_week: str = ""

    @property
    def key(self) -> tuple[str, int, Source]:
        """Model, version and source."""
        return self.model, self.version, self.source

    def with_day(self, day: str) -> "ServedVersion":
        """Return the version with `first_day` and `last_day` extended to a day (`2026-11-21`) on which it decided.

        A day between both changes nothing.
        """
        return replace(self, first_day=min(self.first_day, day), last_day=max(self.last_day, day))


def days_to_count(counted: str, through: str) -> Iterator[str]:
    """Yield the days (`2026-11-21`) from `counted` to `through`, both included, at most the last `CATCH_UP_DAYS`.

    `counted` is the last counted day, which may have late decisions, or the first uncounted one; "" before the first
    count. A `through` before `counted` gives no days.
    """
    last = date.fromisoformat(through)
    start = last - timedelta(days=CATCH_UP_DAYS - 1)
    if counted:
        start = max(start, date.fromisoformat(counted))
    return (format_day(start + timedelta(days=number)) for number in range((last - start).days + 1))
