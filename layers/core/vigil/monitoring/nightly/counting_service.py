"""Counting of a tenant's days from the ledger and from batches into profiles."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vigil.errors import ModelRefused, NotFound
from vigil.monitoring.nightly.model import ServedVersion, days_to_count
from vigil.monitoring.nightly.ports import (
    BatchProfiles,
    DecisionDays,
    DueWeekStore,
    GroupReader,
    ProgressStore,
    VersionReader,
)
from vigil.monitoring.nightly.rows_model import CountedVersion
from vigil.monitoring.performance.cohorts_model import due_week
from vigil.monitoring.profiles.counting_model import MAX_COUNTED, CountedDecision, first_of_subjects, is_sampled
from vigil.monitoring.profiles.model import Profile, Source
from vigil.monitoring.profiles.ports import ProfileStore

if TYPE_CHECKING:
    from vigil.decisions.scoring.model import LedgerEntry


@dataclass(frozen=True, slots=True)
class DaySample:
    """Decisions of a version on a day: the number of all of them, and the ids of those that are counted.

    Up to 10,000 decisions, all are counted; above, a sample by the hash of the decision id.
    """

    rows: int
    decision_ids: Sequence[str]


class DayCounting:
    """Counts of a tenant's decisions by day, model version and source. A second count gives the same profiles."""

    def __init__(
        self,
        ledger: DecisionDays,
        batches: BatchProfiles,
        models: VersionReader,
        groups: GroupReader,
        profiles: ProfileStore,
        due_weeks: DueWeekStore,
        progress: ProgressStore,
    ) -> None:
        self._ledger = ledger
        self._batches = batches
        self._models = models
        self._groups = groups
        self._profiles = profiles
        self._due_weeks = due_weeks
        self._progress = progress

    def count_days(self, tenant_id: str, through: str) -> int:
        """Count the days after the last counted one, up to and including `through` (`2026-11-21`), at most 35 days.

        Earlier days stay uncounted. The last counted day is counted again, for late decisions. A stored profile is
        replaced only if its day now has more decisions. Single requests of a version are not counted if its package is
        missing or refused. Returns the number of stored profiles. After a crash, the next call continues with the
        interrupted day. Raises Unavailable.
        """
        served = {each.place: each for each in self._progress.served(tenant_id)}
        stored = 0
        for day in days_to_count(self._progress.counted_through(tenant_id), through):
            for (model, version), sample in self._samples(tenant_id, day).items():
                self._serve(tenant_id, served, (model, version, "single"), day)
                if sample.rows > self._stored_rows(tenant_id, (model, version, "single"), day):
                    stored += self._count(tenant_id, model, version, day, sample)
            for model, version, profile in self._batches.profiles(tenant_id, day):
                self._serve(tenant_id, served, (model, version, "batch"), day)
                if profile.rows > self._stored_rows(tenant_id, (model, version, "batch"), day):
                    self._profiles.put(tenant_id, model, version, profile)
                    stored += 1
            self._progress.put_counted(tenant_id, day)
        return stored

    def _samples(self, tenant_id: str, day: str) -> Mapping[tuple[str, int], DaySample]:
        """Return the decisions of a day by version. At most `MAX_COUNTED` of a version are in memory."""
        totals: Counter[tuple[str, int]] = Counter()
        entries: list[LedgerEntry] = []
        for entry in self._ledger.entries(tenant_id, day):
            totals[entry.model, entry.version] += 1
            if totals[entry.model, entry.version] <= MAX_COUNTED:
                entries.append(entry)
        if any(rows > MAX_COUNTED for rows in totals.values()):
            entries = [
                entry
                for entry in self._ledger.entries(tenant_id, day)
                if is_sampled(entry.decision_id, totals[entry.model, entry.version])
            ]
        ids: dict[tuple[str, int], list[str]] = {key: [] for key in totals}
        for entry in entries:
            ids.setdefault((entry.model, entry.version), []).append(entry.decision_id)
        return {key: DaySample(max(totals[key], len(found)), found) for key, found in ids.items()}

    def _count(self, tenant_id: str, model: str, version: int, day: str, sample: DaySample) -> bool:
        """Store the due weeks of a day, then its profile, which ends the count. Return False without a package."""
        try:
            counted = CountedVersion(self._models.version(model, version))
        except (ModelRefused, NotFound):  # the review of the version reports it
            return False
        weeks: Counter[str] = Counter()
        decisions = list(self._decisions(tenant_id, counted, sample.decision_ids, weeks))
        share = -(-sample.rows // MAX_COUNTED)
        if weeks:
            due = {week: rows * share for week, rows in weeks.items()}
            self._due_weeks.put_due_weeks(tenant_id, model, version, "single", day, due)
        counter = counted.counter()
        for decision in first_of_subjects(decisions):
            counter.add(decision)
        self._profiles.put(tenant_id, model, version, counter.profile(day, "single", sample.rows))
        return True

    def _decisions(
        self, tenant_id: str, counted: CountedVersion, decision_ids: Sequence[str], weeks: Counter[str]
    ) -> Iterator[CountedDecision]:
        for row in self._ledger.rows(tenant_id, decision_ids):
            if (due_at := counted.due_at(row)) is not None:
                weeks[due_week(due_at)] += 1
            yield counted.counted(row, self._groups(row, counted.version.contract))

    def _stored_rows(self, tenant_id: str, place: tuple[str, int, Source], day: str) -> int:
        """Return the decisions of a stored profile; -1 if the day has none.

        A day with fewer decisions than before is not counted again: an erasure leaves the counts.
        """
        stored: Profile | None = next(self._profiles.profiles(tenant_id, *place, day, day), None)
        return stored.rows if stored else -1

    def _serve(
        self,
        tenant_id: str,
        served: dict[tuple[str, int, Source], ServedVersion],
        place: tuple[str, int, Source],
        day: str,
    ) -> None:
        """Store that a version served on a day, before its profile: a crash between both loses no version."""
        before = served.get(place)
        after = before.with_day(day) if before else ServedVersion(*place, day, day)
        if after != before:
            self._progress.put_served(tenant_id, after)
            served[place] = after
