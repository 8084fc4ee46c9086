"""Collection from all sources, and the families for a scrape."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from vigil.errors import Unavailable
from vigil.operations.metrics.model import FAMILIES, Family, SourceState, gauge
from vigil.operations.metrics.ports import Source, StateStore

_ORDER = {name: place for place, name in enumerate(FAMILIES)}


@dataclass(frozen=True, slots=True)
class CollectionSummary:
    """Names of the sources from which a run has collected, and the errors of those that are missing, by name."""

    collected: tuple[str, ...]
    missing: Mapping[str, Exception]


class Collector:
    """Collects from all sources. Each result is written over the state that it was computed from."""

    def __init__(self, states: StateStore, sources: Sequence[Source], clock: Callable[[], datetime]) -> None:
        self._states = states
        self._sources = sources
        self._clock = clock

    def run(self) -> CollectionSummary:
        """Collect from each source that is due, and return the names of the sources. Raises no error of a source.

        A source is missing if it, or its stored state, raises an error. It does not stop the others. A source that is
        not due, or that another run has collected, is neither collected nor missing.
        """
        collected: list[str] = []
        missing: dict[str, Exception] = {}
        for source in self._sources:
            try:
                if self._collect(source):
                    collected.append(source.name)
            except Exception as error:  # a broken source must not stop the others
                missing[source.name] = error
        return CollectionSummary(tuple(collected), missing)

    def _collect(self, source: Source) -> bool:
        before, now = self._states.find(source.name), self._clock()
        found = source.collect(before.collected if before else None, now)
        if found is None:
            return False
        # Another run that was faster has counted the same minutes.
        return self._states.write(SourceState(source.name, now, found, before.version + 1 if before else 1))


class Metrics:
    """Reads the families for a scrape. They are the same for every caller and process."""

    def __init__(self, states: StateStore, clock: Callable[[], datetime]) -> None:
        self._states = states
        self._clock = clock

    def families(self) -> Sequence[Family]:
        """Return the families in the order of FAMILIES. Those of a source without a result for 15 minutes are missing.

        A result whose time is ahead counts as no result. The next collection of its source replaces it. The families
        are empty if the stored states cannot be read. Raises no Unavailable.
        """
        try:
            stored = self._states.read_all()
        except Unavailable:
            return []
        now = self._clock()
        states = [state for state in stored if not state.is_ahead(now)]
        fresh = [family for state in states if state.is_fresh(now) for family in state.collected.families]
        found = [family for family in fresh if family.name in FAMILIES]  # a later release may have collected more
        found.append(gauge("vigil_collected_timestamp_seconds", {(("source", s.name),): _seconds(s) for s in states}))
        return sorted(found, key=lambda family: _ORDER[family.name])


def _seconds(state: SourceState) -> float:
    return state.collected_at.timestamp()
