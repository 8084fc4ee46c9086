"""Groups of failures: their life from the first occurrence, their findings and their counts.

open ──resolve──> resolved ──seen again by a fixed version──> open (regressed, counted anew)
 │ └────ignore──> ignored
 └<────reopen────────┴──────────────────┘
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from vigil.kernel.events import Event, create_event
from vigil.kernel.tenants import OPERATORS
from vigil.kernel.time import format_timestamp
from vigil.operations.failures.counts_model import Tally, find_peak, newest
from vigil.operations.failures.model import FailureState, Occurrence, Sighting, Signature

FindingName = Literal["found", "regressed"]
SEEN_INTERVAL = timedelta(minutes=1)
"""Minimum time between two updates of the last occurrence of a group."""
REGRESSION_AFTER = timedelta(hours=24)
"""Time after a resolution from which an occurrence is a regression, if its version says nothing."""
FREQUENT_COUNT = 10
"""Number of failures in FREQUENT_MINUTES above which a group is frequent."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A fact that alerts people: a group is new or has regressed, or such a group has become frequent.

    `occurred_at` is a timestamp. `function` and `function_version` are those of the occurrence; the version is 0 if it
    is unknown. `is_frequent` is True for a group that has become frequent.
    """

    name: FindingName
    generation: int
    occurred_at: str
    function: str
    function_version: int
    is_frequent: bool = False


@dataclass(frozen=True, slots=True)
class FailureGroup:
    """All failures with one signature.

    `generation` grows with each regression, and the count restarts. `functions` has the latest failing version of each
    function, 0 if it is unknown. `fixed_in` has the first version of each function without the failure; it is empty if
    the group is not resolved. `counts` has the numbers of failures by part, as of `last_seen` or the last change by
    hand. A part counts the failures of some log streams in the current generation. The numbers outlive parts that have
    expired. `unpublished` are findings that the bus has not accepted yet.
    `version` grows with each write.

    Times are timestamps of `format_timestamp`. `regressed_at` is None before the first regression, `resolved_at` if the
    group is not resolved. `changed_at` and `changed_by` are None before the first change by hand.
    """

    signature: Signature
    state: FailureState
    first_seen: str
    last_seen: str
    functions: Mapping[str, int]
    counts: Mapping[int, int] = field(default_factory=dict)
    generation: int = 1
    is_frequent: bool = False
    regressed_at: str | None = None
    resolved_at: str | None = None
    fixed_in: Mapping[str, int] = field(default_factory=dict)
    changed_at: str | None = None
    changed_by: str | None = None
    unpublished: tuple[Finding, ...] = ()
    version: int = 0

    @property
    def failure_id(self) -> str:
        """The id of the group."""
        return self.signature.fingerprint

    @property
    def count(self) -> int:
        """The number of failures of the generation, as stored with the group."""
        return sum(self.counts.values())

    @classmethod
    def begin(cls, sighting: Sighting) -> "FailureGroup":
        """Return the group of a failure that was never seen before, with its finding."""
        last = sighting.last
        first = min(each.at for each in sighting.occurrences)
        finding = Finding("found", 1, last.at, last.function, last.version)
        return cls(sighting.signature, "open", first, last.at, _versions({}, sighting), unpublished=(finding,))

    def regress(self, sighting: Sighting) -> "FailureGroup":
        """Return the group after the failures of a batch: open again if one of them is a regression.

        A regression is a failure of a resolved group in a version with the fix. Without a known version, it is a
        failure at least 24 hours after the resolution. A regression begins the next generation, without counts. A batch
        makes at most one regression; without one, the group itself is returned.
        """
        occurrence = next(filter(self._is_regression, sighting.occurrences), None)
        if occurrence is None:
            return self
        generation = self.generation + 1
        finding = Finding("regressed", generation, occurrence.at, occurrence.function, occurrence.version)
        return replace(
            self,
            state="open",
            generation=generation,
            is_frequent=False,
            counts={},
            regressed_at=occurrence.at,
            resolved_at=None,
            fixed_in={},
            unpublished=(*self.unpublished, finding),
        )

    def note_versions(self, sighting: Sighting) -> "FailureGroup":
        """Return the group with the versions of a batch, or itself if it has them.

        The versions are stored before the batch is counted. A resolution at the same time then knows the versions, or
        its group regresses.
        """
        versions = _versions(self.functions, sighting)
        return self if versions == self.functions else replace(self, functions=versions)

    def see(self, sighting: Sighting, counts: Mapping[int, int], peak: int) -> "FailureGroup":
        """Return the group with the last occurrence and the counts after a batch, or itself if nothing is due.

        `counts` are the numbers of failures of the generation by part. `peak` is the largest number of failures in
        FREQUENT_MINUTES that include a failure of the batch.
        """
        last = sighting.last
        becomes_frequent = self.state == "open" and not self.is_frequent and peak > FREQUENT_COUNT
        is_due = _moment(last.at) - _moment(self.last_seen) >= SEEN_INTERVAL
        if not (becomes_frequent or is_due or self.count == 0):
            return self
        seen = replace(self, last_seen=max(self.last_seen, last.at), counts=counts)
        if not becomes_frequent:
            return seen
        name: FindingName = "found" if self.generation == 1 else "regressed"
        finding = Finding(name, self.generation, last.at, last.function, last.version, is_frequent=True)
        return replace(seen, is_frequent=True, unpublished=(*seen.unpublished, finding))

    def resolve(self, by: str, now: datetime) -> "FailureGroup":
        """Return the group as resolved at `now`, fixed in the versions after the latest failing ones.

        `by` is the role and the key id of the caller.
        """
        fixed = {function: version + 1 for function, version in self.functions.items() if version}
        return replace(self._changed("resolved", by, now), resolved_at=format_timestamp(now), fixed_in=fixed)

    def ignore(self, by: str, now: datetime) -> "FailureGroup":
        """Return the group without alerts from now on. Its failures are still counted."""
        return self._changed("ignored", by, now)

    def reopen(self, by: str, now: datetime) -> "FailureGroup":
        """Return the group as open again, with its count."""
        return self._changed("open", by, now)

    def published(self) -> "FailureGroup":
        """Return the group without unpublished findings."""
        return replace(self, unpublished=())

    def events(self) -> list[Event]:
        """Return one event per unpublished finding. An event has the same id in every attempt."""
        return [self._event(finding) for finding in self.unpublished]

    def _event(self, finding: Finding) -> Event:
        source_id = f"{self.failure_id}.{finding.generation}" + (".frequent" if finding.is_frequent else "")
        fields = {
            "tenant_id": OPERATORS,
            "failure_id": self.failure_id,
            "generation": finding.generation,
            "kind": self.signature.kind,
            "error": self.signature.title,
            "function": finding.function,
            "function_version": finding.function_version,
            "is_frequent": finding.is_frequent,
        }
        kind: Literal["failures.found", "failures.regressed"] = (
            "failures.found" if finding.name == "found" else "failures.regressed"
        )
        return create_event(source_id, kind, finding.occurred_at, fields)

    def _changed(self, state: FailureState, by: str, now: datetime) -> "FailureGroup":
        at = format_timestamp(now)
        return replace(self, state=state, changed_at=at, changed_by=by, resolved_at=None, fixed_in={})

    def _is_regression(self, occurrence: Occurrence) -> bool:
        """Return True for an occurrence after the resolution. Old processes may still run a version without the fix."""
        if self.state != "resolved" or self.resolved_at is None:
            return False
        if occurrence.version and (fixed := self.fixed_in.get(occurrence.function)):
            return occurrence.version >= fixed
        return _moment(occurrence.at) >= _moment(self.resolved_at) + REGRESSION_AFTER


@dataclass(frozen=True, slots=True)
class StoredFailure:
    """One group with its count. A part counts the failures of some log streams in the current generation."""

    group: FailureGroup
    tallies: tuple[Tally, ...]

    @property
    def counts(self) -> dict[int, int]:
        """The exact numbers of failures of the current generation by part.

        A part that has expired has the number that the group stores.
        """
        parts = Counter({tally.part: tally.count for tally in self.tallies})
        return dict(parts | Counter(self.group.counts))

    @property
    def count(self) -> int:
        """The exact number of failures since the first occurrence or the last regression."""
        return sum(self.counts.values())

    @property
    def counted_group(self) -> FailureGroup:
        """The group with the current counts."""
        return replace(self.group, counts=self.counts)

    @property
    def latest(self) -> tuple[Occurrence, ...]:
        """The latest occurrences of the generation, at most MAX_OCCURRENCES, newest first."""
        return newest(occurrence for tally in self.tallies for occurrence in tally.latest)

    def part(self, number: int) -> Tally:
        """Return a part of the count. A part that does not exist, or has expired, has only the count of the group."""
        count = self.group.counts.get(number, 0)
        empty = Tally(self.group.failure_id, self.group.generation, number, count)
        return next((tally for tally in self.tallies if tally.part == number), empty)

    def with_part(self, tally: Tally) -> "StoredFailure":
        """Return the failure with one part of the count replaced."""
        return replace(self, tallies=(*(each for each in self.tallies if each.part != tally.part), tally))

    def with_group(self, group: FailureGroup) -> "StoredFailure":
        """Return the failure with its group replaced, and with the parts of the group's generation only."""
        return StoredFailure(group, tuple(each for each in self.tallies if each.generation == group.generation))

    def peak(self, sighting: Sighting) -> int:
        """Return the largest number of failures in FREQUENT_MINUTES that include a failure of a counted batch."""
        return find_peak(self.tallies, sighting)


@dataclass(frozen=True, slots=True)
class FailurePage:
    """One page of groups, latest failure first, and the position of the next page; None on the last page."""

    groups: tuple[FailureGroup, ...]
    next: dict[str, str] | None


def _versions(before: Mapping[str, int], sighting: Sighting) -> dict[str, int]:
    versions = dict(before)
    for each in sighting.occurrences:
        versions[each.function] = max(each.version, versions.get(each.function, 0))
    return versions


def _moment(at: str) -> datetime:
    return datetime.fromisoformat(at)
