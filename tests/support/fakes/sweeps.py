"""Fakes of what rounds need: places in memory, tenants, and a job that remembers whom it looked at."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta

from vigil.workers.sweeps.model import Place


class FakePlaces:
    """Where rounds are; `kept` counts how often that was written down."""

    def __init__(self) -> None:
        self.place = Place()
        self.kept = 0

    def last(self) -> Place:
        return self.place

    def keep(self, place: Place) -> bool:
        if place.revision != self.place.revision + 1:
            return False
        self.place = place
        self.kept += 1
        return True


class FakeTenants:
    """Tenants by id; they come and go."""

    def __init__(self, *ids: str) -> None:
        self.ids = set(ids)

    def __call__(self, after: str) -> Iterator[str]:
        return iter(sorted(name for name in self.ids if name > after))


class FakeJob:
    """Rounds that are due when told; `during` is what happens in each look."""

    patience = timedelta(hours=1)

    def __init__(self, during: Callable[[str], None] = lambda _: None) -> None:
        self.next = "one"
        self.seen: list[str] = []
        self.finished: Counter[tuple[str, str]] = Counter()
        self.during = during

    def due(self, last: str) -> str | None:
        return self.next if self.next != last else None

    def look(self, tenant_id: str, name: str) -> Mapping[str, int]:
        self.seen.append(tenant_id)
        self.during(tenant_id)
        self.finished[name, tenant_id] += 1
        return {"told": 2}
