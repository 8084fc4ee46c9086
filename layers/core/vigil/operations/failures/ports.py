"""Ports of failures: their store, and the receivers of findings."""

from collections.abc import Collection, Sequence
from typing import Literal, Protocol

from vigil.kernel.events import Event
from vigil.operations.failures.counts_model import Tally
from vigil.operations.failures.groups_model import FailureGroup, FailurePage, StoredFailure
from vigil.operations.failures.model import FailureState

CountResult = Literal["counted", "repeated", "lost"]
"""Result of counting a batch. `repeated`: the batch was counted before. `lost`: another process has counted since the
part of the count was read."""


class FailureTable(Protocol):
    """Stored groups and their counts. Every method raises Unavailable."""

    def find(self, failure_id: str) -> StoredFailure | None:
        """Return a group with all parts of its current count, read consistently, or None for an unknown id."""
        ...

    def create(self, group: FailureGroup) -> bool:
        """Store a new group and return True. Return False and store nothing if the group exists."""
        ...

    def replace(self, group: FailureGroup) -> FailureGroup | None:
        """Store a group over the version that it was read with, and return it as stored, with the next version.

        Return None and store nothing if another version is stored.
        """
        ...

    def count(self, batch_id: str, before: Tally, after: Tally) -> CountResult:
        """Store one part of the count over `before`, and the batch as counted, both or neither. Return the result."""
        ...

    def page(self, state: FailureState, after: dict[str, str] | None, limit: int) -> FailurePage:
        """Return at most `limit` groups of a state, latest failure first, after the position `after`.

        `after` is None for the first page. Changes of the last second can be missing.
        """
        ...


class EventBus(Protocol):
    """Event bus."""

    def publish(self, events: Sequence[Event]) -> Collection[str]:
        """Publish the events, at least once. Return the ids of those that the bus did not accept; empty if it took all.

        A bus that does not respond accepted none of them; that is no error.
        """
        ...


class FindingExporter(Protocol):
    """Receiver of findings outside of Vigil. Its method raises no error: an export is lost if it fails."""

    def export(self, failure: StoredFailure) -> None:
        """Export the unpublished findings of a group; safe to repeat."""
        ...
