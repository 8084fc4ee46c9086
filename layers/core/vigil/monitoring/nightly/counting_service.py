"""Counting of a tenant's days from the ledger and from batches into profiles."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from vigil.errors import DamagedData, ModelRefused, NotFound
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
from vigil.monitoring.profiles.documents_model import from_bytes, sum_profiles
from vigil.monitoring.profiles.model import Profile, Source
from vigil.monitoring.profiles.ports import ProfileStore

if TYPE_CHECKING:
    from vigil.decisions.scoring.model import LedgerEntry

_VersionKey: TypeAlias = tuple[str, int, Source]
"""Model, version and source."""


@dataclass(frozen=True, slots=True)
class DaySample:
    """Decisions of a version on a day: the number of all of them (`rows`), and the ids of those that are counted.

    Up to 10,000 decisions, all are counted. Above, about 5,000 to 10,000 are sampled by the hash of their id.
    """

    rows: int
    decision_ids: Sequence[str]


class DayCounting:
    """Counter of a tenant's decisions by day, model version and source. A second count gives the same profiles."""

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

        Earlier days are never counted. The last counted day is counted again, for late decisions. A stored profile is
        replaced only if its day now has more decisions. Single requests of a version are not counted while its package
        is missing or refused. The first call after that counts the uncounted days, at most the last 35. Returns the
        number of stored profiles. After a crash, the next call continues with the interrupted day.

        Raises DamagedData for damaged profiles of batches, after all else is counted, and Unavailable.
        """
        served = {each.key: each for each in self._progress.served(tenant_id)}
        stored, damage = 0, list[str]()
        for day in days_to_count(self._progress.counted_through(tenant_id), through):
            for (model, version), sample in self._samples(tenant_id, day).items():
                key: _VersionKey = model, version, "single"
                self._serve(tenant_id, served, key, day)
                counted = self._readable(model, version)
                if counted is None:
                    self._postpone(tenant_id, served, key, day)
                else:
                    stored += self._count(tenant_id, counted, key, day, sample)
            for model, version, parts in self._batches.parts(tenant_id, day):
                self._serve(tenant_id, served, (model, version, "batch"), day)
                try:
                    stored += self._add_parts(tenant_id, (model, version, "batch"), day, parts)
                except DamagedData:
                    damage.append(f"profiles of {day} of batches of {model} version {version}")
            self._progress.put_counted(tenant_id, day)
        stored += sum(self._count_postponed(tenant_id, each, through) for each in served.values())
        if damage:
            raise DamagedData("profiles of batches are damaged", tuple(damage))
        return stored

    def _add_parts(self, tenant_id: str, key: _VersionKey, day: str, parts: Sequence[bytes]) -> bool:
        """Store the sum of the profiles of chunks. Return False if the stored profile has as many rows."""
        profile = sum_profiles([from_bytes(part) for part in parts])
        is_new = profile.rows > self._stored_rows(tenant_id, key, day)
        if is_new:
            self._profiles.put(tenant_id, *key[:2], profile)
        return is_new

    def _count_postponed(self, tenant_id: str, served: ServedVersion, through: str) -> int:
        """Count the days of a version that could not be counted, if its package can be read again.

        Returns the number of stored profiles.
        """
        counted = self._readable(served.model, served.version) if served.uncounted_since else None
        if counted is None:
            return 0
        stored = 0
        for day in days_to_count(served.uncounted_since, through):
            sample = self._samples(tenant_id, day).get((served.model, served.version))
            stored += self._count(tenant_id, counted, served.key, day, sample) if sample else 0
        self._progress.put_served(tenant_id, replace(served, uncounted_since=""))
        return stored

    def _samples(self, tenant_id: str, day: str) -> Mapping[tuple[str, int], DaySample]:
        """Return the decisions of a day by version. About `MAX_COUNTED` (10,000) of a version at most are in memory."""
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

    def _readable(self, model: str, version: int) -> CountedVersion | None:
        """Return a version; None if its package is missing or refused."""
        try:
            return CountedVersion(self._models.version(model, version))
        except (ModelRefused, NotFound):  # the review of the version reports it
            return None

    def _postpone(self, tenant_id: str, served: dict[_VersionKey, ServedVersion], key: _VersionKey, day: str) -> None:
        """Store the first day on which a version could not be counted."""
        if not served[key].uncounted_since:
            served[key] = replace(served[key], uncounted_since=day)
            self._progress.put_served(tenant_id, served[key])

    def _count(self, tenant_id: str, counted: CountedVersion, key: _VersionKey, day: str, sample: DaySample) -> bool:
        """Store the due weeks of a day, then its profile, which ends the count.

        Returns False if the stored profile has as many decisions.
        """
        if sample.rows <= self._stored_rows(tenant_id, key, day):
            return False
        model, version, _ = key
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

    def _stored_rows(self, tenant_id: str, key: _VersionKey, day: str) -> int:
        """Return the decisions of a stored profile; -1 if the day has none, or a damaged one that a count replaces.

        A day with fewer decisions than before is not counted again: an erasure leaves the counts.
        """
        try:
            stored: Profile | None = next(self._profiles.profiles(tenant_id, *key, day, day), None)
        except DamagedData:
            return -1
        return stored.rows if stored else -1

    def _serve(
        self,
        tenant_id: str,
        served: dict[_VersionKey, ServedVersion],
        key: _VersionKey,
        day: str,
    ) -> None:
        """Store that a version served on a day, before its profile: a crash between both loses no version."""
        before = served.get(key)
        after = before.with_day(day) if before else ServedVersion(*key, day, day)
        if after != before:
            self._progress.put_served(tenant_id, after)
            served[key] = after
