"""The queue of usage events, for producers within the deployment."""

from typing import Any

from vigil.errors import FieldError, InvalidInput, MalformedRequest
from vigil.kernel.json_documents import loads
from vigil.money.usage.events.model import MOST_EVENTS
from vigil.money.usage.events.service import UsageEvents
from vigil.runtime import telemetry
from vigil.workers.queues import Message
from vigil.workers.worker_loop import Deadline

KIND = "usage.events"


class UsageEventWork:
    """Counts the events of each message: one, or a batch of them."""

    def __init__(self, events: UsageEvents) -> None:
        self._events = events

    def do(self, message: Message, _deadline: Deadline) -> None:
        """Count a message's events; raise InvalidInput, when the others are counted, for what is none."""
        outcomes = self._events.record(message.tenant_id, _batch(message.body))
        facts = telemetry.current.get()
        facts.records = len(outcomes)
        if rejected := [error for outcome in outcomes for error in outcome.errors]:
            facts.failed = sum(outcome.status == "rejected" for outcome in outcomes)
            raise InvalidInput(*rejected)


def _batch(body: str) -> list[Any]:
    try:
        sent = loads(body)
    except ValueError as error:
        raise MalformedRequest(FieldError("body", "is not valid JSON", "RFC 8259")) from error
    events = sent if isinstance(sent, list) else [sent]
    if not 1 <= len(events) <= MOST_EVENTS:
        raise InvalidInput(FieldError("body", "has too few or too many events", f"1 to {MOST_EVENTS}"))
    return events
