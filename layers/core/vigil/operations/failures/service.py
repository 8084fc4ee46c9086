"""Groups of failures for operators: list them, and resolve, ignore and reopen them."""

from collections.abc import Callable
from datetime import datetime

from vigil.errors import Conflict, NotFound
from vigil.operations.failures.groups_model import FailureGroup, FailurePage, StoredFailure
from vigil.operations.failures.model import FailureState
from vigil.operations.failures.ports import FailureTable
from vigil.runtime.retries import TryAgain, retry

_TRIES = 8
_NOT_FOUND = "There is no such failure. GET /v1/failures lists all; a group expires 90 days after its last failure."


class Failures:
    """Service that lists and changes groups of failures. Every method raises Unavailable.

    The argument `by` is the role and the key id of the caller. The error Conflict means that other writers won the race
    in every attempt. A group with the wanted state is returned unchanged.
    """

    def __init__(self, table: FailureTable, clock: Callable[[], datetime]) -> None:
        self._table = table
        self._clock = clock

    def page(self, state: FailureState, after: dict[str, str] | None, limit: int) -> FailurePage:
        """Return at most `limit` groups of a state, latest failure first, after a position or from the start."""
        return self._table.page(state, after, limit)

    def get(self, failure_id: str) -> StoredFailure:
        """Return a group with its exact count and its latest occurrences. Raises NotFound."""
        if stored := self._table.find(failure_id):
            return stored
        raise NotFound(_NOT_FOUND)

    def resolve(self, failure_id: str, by: str) -> StoredFailure:
        """Resolve a group and return it. A group that is resolved already does not change.

        A later failure of a version above the last failing one reopens the group. Without a known version, a failure
        reopens it from 24 hours after the resolution. Raises NotFound for an unknown id, and Conflict.
        """
        return self._change(failure_id, "resolved", lambda group: group.resolve(by, self._clock()))

    def ignore(self, failure_id: str, by: str) -> StoredFailure:
        """Ignore a group and return it: its failures are counted without alerts.

        Raises NotFound for an unknown id, and Conflict.
        """
        return self._change(failure_id, "ignored", lambda group: group.ignore(by, self._clock()))

    def reopen(self, failure_id: str, by: str) -> StoredFailure:
        """Open a resolved or ignored group again and return it. Raises NotFound for an unknown id, and Conflict."""
        return self._change(failure_id, "open", lambda group: group.reopen(by, self._clock()))

    def _change(
        self, failure_id: str, state: FailureState, change: Callable[[FailureGroup], FailureGroup]
    ) -> StoredFailure:
        """Return the group in a state. A group that is in the state already keeps its time and author."""

        def attempt() -> StoredFailure:
            stored = self.get(failure_id)
            if stored.group.state == state:
                return stored
            if (changed := self._table.replace(change(stored.counted_group))) is None:
                raise TryAgain
            return stored.with_group(changed)

        error = Conflict("The failure is being changed by many processes; try again.")
        return retry(attempt, attempts=_TRIES, error=error)
