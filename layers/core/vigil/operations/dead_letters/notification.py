"""Notification of parked work: its owner, and an event for its tenant and for the operators."""

from contextlib import suppress

from vigil.errors import NotFound, Unavailable
from vigil.operations.dead_letters.model import DeadLetterJob
from vigil.operations.dead_letters.ports import AbandonedHandlers, EventBus


class ParkedWorkNotifier:
    """Notifies the owner of parked work, by the kind of the work, and publishes its events."""

    def __init__(self, owners: AbandonedHandlers, bus: EventBus) -> None:
        self._owners = owners
        self._bus = bus

    def notify(self, job: DeadLetterJob) -> None:
        """Notify the owner and publish the events of a parked job. Both are safe to repeat after an error.

        Raises Unavailable if the bus did not accept an event, and the errors of the owner.
        """
        if owner := self._owners.get(job.work.kind):
            with suppress(NotFound):  # the record that the work belonged to no longer exists
                owner(job.work)
        if self._bus.publish(job.parked_events()):
            raise Unavailable("The event bus did not accept the events of parked work.")
