"""What dead letters need from outside: the queues they lie on, the books, and the owners of the work."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from vigil.operations.dead_letters.model import Filter, Job, JobPage, Letter, Resolution, Work

Abandoned = Callable[[Work], None]
"""How the owner of a kind of work hears that a piece of it was given up, at least once; must be safe to repeat."""
Owners = Mapping[str, Abandoned]


class Source(Protocol):
    """A dead-letter queue and the place that its letters came from."""

    @property
    def name(self) -> str:
        """Return the name under which its jobs are listed."""
        ...

    def letters(self) -> Sequence[Letter]:
        """Return some letters, hidden from others for a while; empty when there seem to be none."""
        ...

    def delete(self, letters: Sequence[Letter]) -> None:
        """Delete letters that are recorded."""
        ...

    def put_back(self, work: Work) -> Resolution | None:
        """Have the work done again, at least once; return how it ended if that is known at once.

        Raises Unavailable if it may help to try again, another VigilError if it cannot.
        """
        ...


class Jobs(Protocol):
    """The books of dead work."""

    def get(self, tenant_id: str, key: str) -> Job | None:
        """Return a job as it is now."""
        ...

    def put(self, tenant_id: str, job: Job) -> bool:
        """Write a job over the version before it, or as the first; False if that is not what is there."""
        ...

    def page(self, tenant_id: str | None, wanted: Filter, after: dict[str, str] | None, limit: int) -> JobPage:
        """Return jobs of a tenant, or of all of them, latest first."""
        ...

    def due(self, queue: str, now: str, limit: int) -> Sequence[Job]:
        """Return jobs of a queue, of all tenants, whose time has come; what was written just now may be missing."""
        ...

    def remove(self, tenant_id: str, job: Job) -> bool:
        """Delete a job if it is still of this version."""
        ...
