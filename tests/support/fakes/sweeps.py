"""Fakes for sweeps: a checkpoint store, tenant ids, and a job that records the tenants it processed."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta

from vigil.workers.sweeps.model import Checkpoint


class FakeCheckpointStore:
    """A checkpoint store in memory; `writes` counts the saved checkpoints."""

    def __init__(self) -> None:
        self.checkpoint = Checkpoint()
        self.writes = 0

    def load(self) -> Checkpoint:
        return self.checkpoint

    def save(self, checkpoint: Checkpoint) -> bool:
        if checkpoint.revision != self.checkpoint.revision + 1:
            return False
        self.checkpoint = checkpoint
        self.writes += 1
        return True


class FakeTenantIds:
    """Tenant ids that a test may change."""

    def __init__(self, *ids: str) -> None:
        self.ids = set(ids)

    def __call__(self, after: str) -> Iterator[str]:
        return iter(sorted(name for name in self.ids if name > after))


class FakeJob:
    """A job whose sweep `next` is due; `work` is called for each tenant."""

    max_duration = timedelta(hours=1)

    def __init__(self, work: Callable[[str], None] = lambda _: None) -> None:
        self.next = "one"
        self.started: list[str] = []
        self.finished: Counter[tuple[str, str]] = Counter()
        self.work = work

    def next_sweep(self, last: str) -> str | None:
        return self.next if self.next != last else None

    def process_tenant(self, tenant_id: str, name: str) -> Mapping[str, int]:
        self.started.append(tenant_id)
        self.work(tenant_id)
        self.finished[name, tenant_id] += 1
        return {"told": 2}
