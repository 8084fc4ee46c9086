"""Work from a queue: each message of a batch fails or succeeds alone, and none is lost."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from vigil.aws import tenant_guard
from vigil.errors import Conflict, Unavailable, VigilError
from vigil.runtime import correlation
from vigil.runtime.telemetry import RequestFacts, Telemetry
from vigil.web import problems
from vigil.workers.queues import Message, Received

_TRANSIENT = (Unavailable, Conflict)
"""Errors that another try may not meet again."""
_LEAST_SECONDS = 1.0
"""What must be left for a message to be begun: one that is cut off would take its whole batch along."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """The moment, on the monotonic clock, at which Lambda ends the process."""

    at: float

    @classmethod
    def from_context(cls, context: Any) -> "Deadline":
        """Return the end of the invocation at hand."""
        return cls(time.monotonic() + context.get_remaining_time_in_millis() / 1e3)

    def remaining(self) -> float:
        """Return the seconds that are left; negative when it is too late."""
        return self.at - time.monotonic()


class Quarantine(Protocol):
    """The dead-letter queue of the queue at hand."""

    def quarantine(self, received: Received, reason: str, message: Message | None = None) -> None:
        """Keep a message that trying again cannot help."""
        ...

    def settle(self, message: Message) -> None:
        """Tell that work which had been put back is done."""
        ...


class Worker:
    """Does the work of each message of a batch, one log line each.

    `work` must be safe to repeat. A permanent error (any VigilError but Unavailable and Conflict) sends the message to
    the dead-letter queue with `failure=permanent` and the problem's code; any other error leaves it to its queue, which
    delivers it again until `maxReceiveCount`. `read` makes work of what is not in Vigil's own form.
    """

    def __init__(
        self,
        work: Callable[[Message, Deadline], None],
        telemetry: Telemetry,
        quarantine: Quarantine,
        read: Callable[[Received], Message] = Received.message,
    ) -> None:
        self._work = work
        self._telemetry = telemetry
        self._quarantine = quarantine
        self._read = read

    def handle(self, event: Mapping[str, Any], context: Any) -> Any:
        """Return the messages that must come again, as Lambda's `ReportBatchItemFailures` wants them."""
        processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)
        record = partial(self._record, deadline=Deadline.from_context(context))
        return process_partial_response(dict(event), record, processor)

    def _record(self, record: SQSRecord, deadline: Deadline) -> None:
        received = Received.from_event(record.raw_event)
        correlation.begin(received.attributes.get("correlation_id"))
        facts, started = self._telemetry.begin("SQS")
        facts.queue = record.event_source_arn.rsplit(":", 1)[-1]
        facts.message_id, facts.ending = received.id, "returned"
        try:
            self._one(received, facts, deadline)
        except VigilError as error:
            problem = problems.of(error)
            facts.status, facts.problem = problem.status, problem.code
            raise
        except Exception as error:
            facts.blame(error)
            raise
        finally:
            self._telemetry.end(facts, started)

    def _one(self, received: Received, facts: RequestFacts, deadline: Deadline) -> None:
        if deadline.remaining() < _LEAST_SECONDS:
            raise Unavailable("No time was left to begin this message.")
        message = None
        try:
            message = self._read(received)
            _tell(message, facts)
            with tenant_guard.serving(message.tenant_id):
                self._work(message, deadline)
        except _TRANSIENT:
            raise
        except VigilError as error:
            problem = problems.of(error)
            facts.problem = problem.code
            self._quarantine.quarantine(received, facts.problem, message)
            facts.status, facts.ending = problem.status, "quarantined"
        else:
            if message.attempts:
                self._quarantine.settle(message)
            facts.status, facts.ending = 200, "done"


def _tell(message: Message, facts: RequestFacts) -> None:
    """Put what a log line says of a message among the facts, under the correlation id that it carries."""
    correlation.begin(message.correlation_id)
    facts.route, facts.tenant_id = message.kind, message.tenant_id
    facts.message_id, facts.attempts = message.id, message.attempts
