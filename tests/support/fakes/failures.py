"""A store of failures in memory. The bus and the exporter record the events and findings that they receive."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace

from vigil.errors import Unavailable
from vigil.kernel.events import Event
from vigil.operations.failures.counts_model import Tally
from vigil.operations.failures.groups_model import FailureGroup, FailurePage, StoredFailure
from vigil.operations.failures.model import FailureState
from vigil.operations.failures.ports import CountResult


class FakeFailures:
    """Stored groups. `writes` counts the written items by kind; `lose` makes the next replacements lose their race."""

    def __init__(self) -> None:
        self.groups: dict[str, FailureGroup] = {}
        self.tallies: dict[tuple[str, int, int], Tally] = {}
        self.counted: set[tuple[str, str]] = set()
        self.writes: Counter[str] = Counter()
        self.lose = 0

    def find(self, failure_id: str) -> StoredFailure | None:
        """Return a group with the parts of its count, or None."""
        if (group := self.groups.get(failure_id)) is None:
            return None
        parts = [
            tally
            for (owner, generation, _), tally in sorted(self.tallies.items())
            if (owner, generation) == (failure_id, group.generation)
        ]
        return StoredFailure(group, tuple(parts))

    def create(self, group: FailureGroup) -> bool:
        """Store a new group. Return False if the group exists."""
        if group.failure_id in self.groups:
            return False
        self.groups[group.failure_id] = group
        self.writes["group"] += 1
        return True

    def replace(self, group: FailureGroup) -> FailureGroup | None:
        """Store a group over the version that it was read with. None if that has changed."""
        if self.lose:
            self.lose -= 1
            return None
        stored = self.groups.get(group.failure_id)
        if stored is None or stored.version != group.version:
            return None
        self.writes["group"] += 1
        after = self.groups[group.failure_id] = replace(group, version=group.version + 1)
        return after

    def count(self, batch_id: str, before: Tally, after: Tally) -> CountResult:
        """Store a part of the count and the batch as counted, both or neither."""
        place = (before.failure_id, before.generation, before.part)
        if (batch_id, before.failure_id) in self.counted:
            return "repeated"
        stored = self.tallies.get(place)
        if stored and stored.count != before.count:
            return "lost"
        self.counted.add((batch_id, before.failure_id))
        self.tallies[place] = after
        self.writes["count"] += 2
        return "counted"

    def page(self, state: FailureState, after: dict[str, str] | None, limit: int) -> FailurePage:
        """Return groups of a state, latest failure first."""
        found = sorted(
            (group for group in self.groups.values() if group.state == state),
            key=lambda group: (group.last_seen, group.failure_id),
            reverse=True,
        )
        start = int(after["at"]) if after else 0
        end = start + limit
        return FailurePage(tuple(found[start:end]), {"at": str(end)} if end < len(found) else None)


class FakeBus:
    """Event bus that records accepted events. While `is_away`, it accepts none."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.is_away = False

    def publish(self, events: Sequence[Event]) -> Collection[str]:
        """Accept all events or none."""
        if self.is_away:
            return [event.event_id for event in events]
        self.events += events
        return []


class CrashingFailures(FakeFailures):
    """Store that is unavailable at the calls with these numbers, before or after their effect."""

    def __init__(self, *crashes: int, after: bool) -> None:
        super().__init__()
        self.crashes = {*crashes}
        self.after = after
        self.calls = 0

    def create(self, group: FailureGroup) -> bool:
        """Store a new group, or crash."""
        self._crash(after=False)
        created = super().create(group)
        self._crash(after=True)
        return created

    def replace(self, group: FailureGroup) -> FailureGroup | None:
        """Store a group, or crash."""
        self._crash(after=False)
        stored = super().replace(group)
        self._crash(after=True)
        return stored

    def count(self, batch_id: str, before: Tally, after: Tally) -> CountResult:
        """Count a batch, or crash."""
        self._crash(after=False)
        result = super().count(batch_id, before, after)
        self._crash(after=True)
        return result

    def _crash(self, *, after: bool) -> None:
        self.calls += not after
        if after == self.after and self.calls in self.crashes:
            self.crashes.discard(self.calls)
            raise Unavailable("crashed")
