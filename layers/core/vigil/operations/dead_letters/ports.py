"""What dead letters need from outside: the queues they lie on, the books, and the owners of the work."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from vigil.operations.dead_letters.model import DeadLetter, DeadLetterJob, JobFilter, JobPage, JobResolution, Work

AbandonedHandler = Callable[[Work], None]
"""How the owner of a kind of work hears that a piece of it was given up, at least once; must be safe to repeat."""
AbandonedHandlers = Mapping[str, AbandonedHandler]


class DeadLetterSource(Protocol):
    """A dead-letter queue and the place that its letters came from."""

    @property
    def name(self) -> str:
        """Return the name under which its jobs are listed."""
        ...

    def receive(self) -> Sequence[DeadLetter]:
        """Return some letters, hidden from others for a while; empty when there seem to be none."""
        ...

    def delete(self, letters: Sequence[DeadLetter]) -> None:
        """Delete letters that are recorded."""
        ...

    def resend(self, work: Work) -> JobResolution | None:
        """Have the work done again, at least once; return how it ended if that is known at once.

        Raises Unavailable if it may help to try again, another VigilError if it cannot.
        """
        ...


class JobStore(Protocol):
    """The books of dead work."""

    def get(self, tenant_id: str, key: str) -> DeadLetterJob | None:
        """Return a job as it is now."""
        ...

    def write(self, tenant_id: str, job: DeadLetterJob) -> bool:
        """Write a job over the version before it, or as the first; False if that is not what is there."""
        ...

    def page(self, tenant_id: str | None, wanted: JobFilter, after: dict[str, str] | None, limit: int) -> JobPage:
        """Return jobs of a tenant, or of all of them, latest first."""
        ...

    def due(self, queue: str, now: str, limit: int) -> Sequence[DeadLetterJob]:
        """Return jobs of a queue, of all tenants, whose time has come; what was written just now may be missing."""
        ...

    def delete(self, tenant_id: str, job: DeadLetterJob) -> bool:
        """Delete a job if it is still of this version."""
        ...
