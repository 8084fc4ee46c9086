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
        """Publish the events; return the ids of those that the bus did not accept."""
        ...


class DeadLetterSource(Protocol):
    """A dead-letter queue and the source of its messages."""

    @property
    def name(self) -> str:
        """Queue name of the jobs."""
        ...

    def receive(self) -> Sequence[DeadLetter]:
        """Return some letters and hide them from other receivers for a while. Empty if none was found."""
        ...

    def delete(self, letters: Sequence[DeadLetter]) -> None:
        """Delete recorded letters."""
        ...

    def resend(self, work: Work) -> JobResolution | None:
        """Send work to its queue, or replay it, at least once. Return the resolution if it is known at once.

        Raises Unavailable if a retry can help, another VigilError otherwise.
        """
        ...


class JobStore(Protocol):
    """Stored jobs of all tenants."""

    def get(self, tenant_id: str, key: str) -> DeadLetterJob | None:
        """Return the current version of a job, or None."""
        ...

    def write(self, tenant_id: str, job: DeadLetterJob) -> bool:
        """Write a job over its previous version, or as the first version. Return False if another version is stored."""
        ...

    def page(self, tenant_id: str | None, wanted: JobFilter, after: dict[str, str] | None, limit: int) -> JobPage:
        """Return jobs, latest first. None as tenant returns the jobs of all tenants."""
        ...

    def due(self, queue: str, now: str, limit: int) -> Sequence[DeadLetterJob]:
        """Return due jobs of a queue, of all tenants. Very recent changes can be missing."""
        ...

    def delete(self, tenant_id: str, job: DeadLetterJob) -> bool:
        """Delete a job. Return False if another version is stored."""
        ...
