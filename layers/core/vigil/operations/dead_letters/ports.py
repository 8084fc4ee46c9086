"""Ports of dead letters: queues, job store and owners of work."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from vigil.kernel.events import Event
from vigil.operations.dead_letters.model import DeadLetter, DeadLetterJob, JobFilter, JobPage, JobResolution, Work

AbandonedHandler = Callable[[Work], None]
"""Function that notifies the owner of parked work, at least once; it must be safe to repeat."""
AbandonedHandlers = Mapping[str, AbandonedHandler]


class EventBus(Protocol):
    """Event bus."""

    def publish(self, events: Sequence[Event]) -> Collection[str]:
        """Publish the events, at least once. Return the ids of those that the bus did not accept; empty if it took all.

        A bus that does not respond accepted none of them; that is no error.
        """
        ...


class DeadLetterSource(Protocol):
    """A dead-letter queue and the source of its messages. Every method raises Unavailable."""

    @property
    def name(self) -> str:
        """Queue name of the jobs."""
        ...

    def receive(self) -> Sequence[DeadLetter]:
        """Return up to ten letters and hide them from other receivers for two minutes. Empty if none was found."""
        ...

    def delete(self, letters: Sequence[DeadLetter]) -> None:
        """Delete letters from the dead-letter queue, because they are recorded."""
        ...

    def resend(self, work: Work) -> JobResolution | None:
        """Send work to its queue, or replay it, at least once.

        Return the resolution of the job, or None if its worker reports the result later. Raises Unavailable if a retry
        can help, and another VigilError otherwise.
        """
        ...


class JobStore(Protocol):
    """Stored jobs of all tenants. Every method raises Unavailable."""

    def get(self, tenant_id: str, key: str) -> DeadLetterJob | None:
        """Return the current version of a job, read consistently, or None if it does not exist."""
        ...

    def write(self, tenant_id: str, job: DeadLetterJob) -> bool:
        """Store a job in place of the version before its own, and return True.

        The first version is stored if its key has no job. Return False and store nothing if another version is stored.
        """
        ...

    def page(self, tenant_id: str | None, wanted: JobFilter, after: dict[str, str] | None, limit: int) -> JobPage:
        """Return a page of jobs, latest first, from the position `after` or from the start for None.

        `tenant_id` None selects the jobs of all tenants. A filter can make the page shorter than `limit`; only `next`
        shows if more pages follow. Changes of the last second can be missing.
        """
        ...

    def due(self, queue: str, now: str, limit: int) -> Sequence[DeadLetterJob]:
        """Return the due jobs of a queue, of all tenants, the longest overdue first, at most `limit`.

        A job is due if its `due_at` is not after the timestamp `now`. Changes of the last second can be missing.
        """
        ...

    def delete(self, tenant_id: str, job: DeadLetterJob) -> bool:
        """Delete a job and return True. Return False and delete nothing if another version is stored."""
        ...
