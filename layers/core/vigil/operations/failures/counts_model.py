"""Counts of groups of failures: the parts of a count, and the peak that makes a group frequent."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from vigil.operations.failures.model import MAX_OCCURRENCES, Occurrence, Sighting

FREQUENT_MINUTES = 5
"""Number of consecutive minutes whose failures make a group frequent."""
_STORED_MINUTES = 30
"""Number of latest minutes with failures that a part of a count stores. Deliveries can be late and out of order."""


@dataclass(frozen=True, slots=True)
class Tally:
    """One part of the count of one generation of a group: the failures of some log streams.

    `part` is the number of the part, from 0. `minutes` has the counts of the latest 30 minutes with failures, by
    their number since 1970. `latest` are at most MAX_OCCURRENCES occurrences, newest first.
    """

    failure_id: str
    generation: int
    part: int
    count: int = 0
    minutes: Mapping[int, int] = field(default_factory=dict)
    latest: tuple[Occurrence, ...] = ()

    def add(self, sighting: Sighting) -> "Tally":
        """Return the tally with the failures of a batch."""
        minutes = Counter(self.minutes) + _by_minute(sighting)
        return replace(
            self,
            count=self.count + len(sighting.occurrences),
            minutes=dict(sorted(minutes.items())[-_STORED_MINUTES:]),
            latest=newest((*self.latest, *sighting.occurrences)),
        )


def find_peak(tallies: Iterable[Tally], sighting: Sighting) -> int:
    """Return the largest number of failures in FREQUENT_MINUTES that include a failure of a counted batch.

    The times of the failures decide, so that a late delivery counts as one in time. A minute that the parts no longer
    store has the failures of the batch only.
    """
    own = _by_minute(sighting)
    minutes = sum((Counter(tally.minutes) for tally in tallies), Counter[int]()) | own
    ends = {minute + later for minute in own for later in range(FREQUENT_MINUTES)}
    return max(sum(minutes[end - earlier] for earlier in range(FREQUENT_MINUTES)) for end in ends)


def newest(occurrences: Iterable[Occurrence]) -> tuple[Occurrence, ...]:
    """Return the latest MAX_OCCURRENCES occurrences, newest first."""
    return tuple(sorted(occurrences, key=lambda each: each.at, reverse=True)[:MAX_OCCURRENCES])


def _by_minute(sighting: Sighting) -> Counter[int]:
    """Return the number of failures of a batch by minute since 1970."""
    return Counter(int(datetime.fromisoformat(each.at).timestamp()) // 60 for each in sighting.occurrences)
