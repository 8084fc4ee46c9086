"""Status of objectives, and the watch that publishes an event for each burn-rate alert that starts or ends."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from vigil.errors import NotFound
from vigil.kernel.events import PublishEvent
from vigil.operations.objectives.burns_model import Burn, ObjectiveStatus, status_of
from vigil.operations.objectives.model import OBJECTIVES
from vigil.operations.objectives.ports import BurnStore, SumsReader

_NOT_FOUND = "There is no such objective; GET /v1/objectives lists all."


class Objectives:
    """Reads the status of objectives."""

    def __init__(self, read_sums: SumsReader) -> None:
        self._read_sums = read_sums

    def list_all(self) -> Sequence[ObjectiveStatus]:
        """Return one status per objective, in the order of OBJECTIVES. Raises Unavailable."""
        collected = self._read_sums()
        return [status_of(objective, collected) for objective in OBJECTIVES.values()]

    def get(self, name: str) -> ObjectiveStatus:
        """Return the status of an objective. Raises NotFound and Unavailable."""
        found = next((objective for objective in OBJECTIVES.values() if objective.name == name), None)
        if found is None:
            raise NotFound(_NOT_FOUND)
        return status_of(found, self._read_sums())


class ObjectiveWatch:
    """Evaluates the rules over new sums and publishes their changes, each with the same event id in every attempt.

    `watched` are the rules that raise events. CloudWatch evaluates the others itself.
    """

    def __init__(
        self, read_sums: SumsReader, store: BurnStore, publish: PublishEvent, watched: Collection[Burn]
    ) -> None:
        self._read_sums = read_sums
        self._store = store
        self._publish = publish
        self._watched = watched

    def run(self) -> int:
        """Evaluate and publish; return the number of published events, 0 after a lost race against another run.

        A change is stored with its event before the event is published, and the event is removed afterwards. Raises
        Unavailable, and the next run resumes.
        """
        state, collected = self._store.load(), self._read_sums()
        # Sums with an earlier end replace those of a clock that was ahead: they are read after the state.
        if collected and collected.end != state.end:
            state = replace(state.evaluate(collected, self._watched), version=state.version + 1)
            if not self._store.write(state):
                return 0  # another run evaluates the same sums
        for event in state.untold:
            self._publish(event)
        if state.untold:
            self._store.write(replace(state, untold=(), version=state.version + 1))
        return len(state.untold)
