"""Intake of failures: groups and counts the failures of log entries, and publishes findings."""

import hashlib
from collections.abc import Callable, Sequence

from vigil.errors import Unavailable
from vigil.operations.failures.groups_model import FailureGroup, StoredFailure
from vigil.operations.failures.log_lines_model import read_batch
from vigil.operations.failures.model import LogBatch, Sighting
from vigil.operations.failures.ports import EventBus, FailureTable, FindingExporter
from vigil.runtime.retries import TryAgain, retry

_TRIES = 12
"""Maximum attempts of a write that other processes also make."""
_PARTS = 8
"""Number of items with the count of a group. A log stream always writes to the same one."""


class FailureIntake:
    """Processes batches of log entries. A batch that is delivered twice counts once.

    Each step is safe to repeat, and a repeated batch publishes the findings that a crash left unpublished.
    """

    def __init__(
        self,
        table: FailureTable,
        bus: EventBus,
        exporters: Sequence[FindingExporter] = (),
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        self._table = table
        self._bus = bus
        self._exporters = exporters
        self._sleep = sleep

    def process(self, batch: LogBatch) -> int:
        """Count the failures of a batch and publish its findings; return the number of failures in the batch.

        Failures that were counted before are part of the number. Raises Unavailable at the end if the failures of a
        group could not be processed; those of the other groups are counted.
        """
        sightings, unavailable = read_batch(batch), None
        for sighting in sightings:
            try:
                self._process(sighting)
            except Unavailable as error:
                unavailable = error
        if unavailable:
            raise unavailable
        return sum(len(sighting.occurrences) for sighting in sightings)

    def _process(self, sighting: Sighting) -> None:
        counted = self._repeat(lambda: self._count(self._opened(sighting), sighting))
        seen = self._seen(counted, sighting)
        if seen.group.unpublished:
            self._publish(seen)

    def _opened(self, sighting: Sighting) -> StoredFailure:
        """Return the stored group of a sighting with its versions: a new one, or an old one that may have regressed."""
        stored = self._table.find(sighting.signature.fingerprint)
        if stored is None:
            if not self._table.create(group := FailureGroup.begin(sighting)):
                raise TryAgain
            return StoredFailure(group, ())
        opened = stored.group.regress(sighting).note_versions(sighting)
        return stored if opened is stored.group else stored.with_group(self._replaced(opened))

    def _count(self, stored: StoredFailure, sighting: Sighting) -> StoredFailure:
        """Return the failure with the counted sighting. A repeated one was in the count before."""
        before = stored.part(_part_of(sighting.stream))
        after = before.add(sighting)
        result = self._table.count(sighting.batch_id, before, after)
        if result == "lost":
            raise TryAgain
        return stored.with_part(after) if result == "counted" else stored

    def _seen(self, counted: StoredFailure, sighting: Sighting) -> StoredFailure:
        """Return the failure after the sighting is stored in its group, if that is due.

        A process that loses a race reads the group again, because the winner may have stored less.
        """
        latest = [counted]

        def attempt() -> StoredFailure:
            stored = latest.pop() if latest else self._table.find(sighting.signature.fingerprint)
            if stored is None:
                return counted  # the group has expired since
            seen = stored.group.see(sighting, stored.counts, stored.peak(sighting))
            return stored if seen is stored.group else stored.with_group(self._replaced(seen))

        return self._repeat(attempt)

    def _replaced(self, group: FailureGroup) -> FailureGroup:
        if (stored := self._table.replace(group)) is None:
            raise TryAgain
        return stored

    def _publish(self, stored: StoredFailure) -> None:
        """Publish the findings of a group and store that they are published. A crash between both repeats them."""
        if self._bus.publish(stored.group.events()):
            raise Unavailable("The event bus did not accept the findings of failures.")
        for exporter in self._exporters:
            exporter.export(stored)
        self._table.replace(stored.group.published())  # another process that has changed the group publishes again

    def _repeat(self, attempt: Callable[[], StoredFailure]) -> StoredFailure:
        error = Unavailable("Too many processes change the same group of failures; try again.")
        return retry(attempt, attempts=_TRIES, error=error, sleep=self._sleep)


def _part_of(stream: str) -> int:
    return hashlib.sha256(stream.encode()).digest()[0] % _PARTS
