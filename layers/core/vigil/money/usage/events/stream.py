"""Worker of the usage events queue, for producers within the deployment."""

from typing import Any

from vigil.errors import FieldError, InvalidInput, MalformedRequest
from vigil.kernel.json_documents import loads
from vigil.money.usage.events.model import check_batch
from vigil.money.usage.events.service import UsageEvents
from vigil.runtime import telemetry
from vigil.workers.queues import Message
from vigil.workers.worker_loop import Deadline


class UsageEventWorker:
    """Records the usage events of messages; a message has one event or a list of events."""

    def __init__(self, events: UsageEvents) -> None:
        self._events = events

    def process(self, message: Message, _deadline: Deadline) -> None:
        """Record the events of a message. Raises InvalidInput for invalid events, after the valid ones are counted."""
        results = self._events.record(message.tenant_id, _batch(message.body))
        facts = telemetry.current.get()
        facts.records = len(results)
        if rejected := [error for result in results for error in result.errors]:
            facts.failed = sum(result.status == "rejected" for result in results)
            raise InvalidInput(*rejected)


def _batch(body: str) -> list[Any]:
    try:
        sent = loads(body)
    except ValueError as error:
        raise MalformedRequest(FieldError("body", "is not valid JSON", "RFC 8259")) from error
    return check_batch(sent if isinstance(sent, list) else [sent])
