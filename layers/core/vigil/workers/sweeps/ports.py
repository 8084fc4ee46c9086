"""Ports of sweeps: a job, the ids of all tenants, and the storage of checkpoints."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Protocol

from vigil.workers.sweeps.model import Checkpoint


class SweepJob(Protocol):
    """The work of a sweep. It must be safe to repeat."""

    max_duration: timedelta
    """Duration of a sweep after which it is reported as late."""

    def next_sweep(self, last: str, /) -> str | None:
        """Return the name of the sweep that is due after the last one, or None if no sweep is due.

        `last` is empty before the first sweep.
        """
        ...

    def process_tenant(self, tenant_id: str, name: str, /) -> Mapping[str, int]:
        """Do the work of a sweep for one tenant and return counts by name. May raise any exception."""
        ...


class TenantIds(Protocol):
    """The ids of all tenants."""

    def __call__(self, after: str, /) -> Iterable[str]:
        """Yield the ids greater than `after` in ascending order; all ids if it is empty."""
        ...


class CheckpointStore(Protocol):
    """Storage of one job's checkpoint."""

    def load(self) -> Checkpoint:
        """Return the last saved checkpoint, read consistently."""
        ...

    def save(self, checkpoint: Checkpoint) -> bool:
        """Save the successor of the last checkpoint. Return False if another run has saved one since."""
        ...
