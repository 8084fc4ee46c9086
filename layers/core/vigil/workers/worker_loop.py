"""Processes the messages of an SQS batch: each succeeds or fails on its own, and every message is accounted for."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from math import ceil
from typing import Any, Protocol

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from vigil.aws import tenant_guard
from vigil.errors import CircuitOpen, Conflict, Unavailable, VigilError, WorkPostponed
from vigil.runtime import correlation
from vigil.runtime.telemetry import RequestFacts, Telemetry
from vigil.web import problems
from vigil.workers.queues import Message, ReceivedMessage

_TRANSIENT = (Unavailable, Conflict)
"""Errors after which a retry may succeed."""
_MIN_SECONDS = 1.0
"""Minimum time left for starting a message, in seconds. A timeout would fail the whole batch."""
_MIN_DELAY_SECONDS = 1
_MAX_DELAY_SECONDS = 900
"""Maximum delay of a message of SQS, in seconds."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """The moment, on the monotonic clock, at which Lambda stops the function."""

    at: float

    @classmethod
    def from_context(cls, context: Any) -> "Deadline":
        """Return the deadline of an invocation."""
        return cls(time.monotonic() + context.get_remaining_time_in_millis() / 1e3)

    def remaining(self) -> float:
        """Return the seconds until the deadline; negative after it."""
        return self.at - time.monotonic()


class DeadLetterQueue(Protocol):
    """The dead-letter queue of a worker's queue."""

    def quarantine(self, received: ReceivedMessage, reason: str, message: Message | None = None) -> None:
        """Send a message that cannot succeed, with the reason."""
        ...

    def send_settled(self, message: Message) -> None:
        """Report that the work of a redriven message is done."""
        ...


class OwnQueue(Protocol):
    """The queue that a worker receives from."""

    def send(self, messages: Iterable[Message], delay_seconds: int = 0) -> None:
        """Send messages, which are delivered after the delay."""
        ...


class Worker:
    """Processes each message of a batch and writes one log line for it.

    `work` must be safe to repeat. A permanent error (any VigilError except Unavailable and Conflict) sends the message
    to the dead-letter queue with `failure=permanent` and the problem's code. WorkPostponed and CircuitOpen send the
    message to `own_queue` again with a delay of at most 900 s, so that an outage uses up no delivery; without
    `own_queue` they count as any other error. After any other error, SQS delivers the message again, up to
    `maxReceiveCount` times. `read` parses a message that is not in Vigil's own format. A postponed message is in
    Vigil's format, so `read` must accept both.
    """

    def __init__(
        self,
        work: Callable[[Message, Deadline], None],
        telemetry: Telemetry,
        dead_letter_queue: DeadLetterQueue,
        read: Callable[[ReceivedMessage], Message] = ReceivedMessage.message,
        *,
        own_queue: OwnQueue | None = None,
    ) -> None:
        self._own_queue = own_queue
        self._work = work
        self._telemetry = telemetry
        self._dead_letter_queue = dead_letter_queue
        self._read = read

    def handle(self, event: Mapping[str, Any], context: Any) -> Any:
        """Return the messages to deliver again, in the format of Lambda's `ReportBatchItemFailures`."""
        processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)
        record = partial(self._record, deadline=Deadline.from_context(context))
        return process_partial_response(dict(event), record, processor)

    def _record(self, record: SQSRecord, deadline: Deadline) -> None:
        received = ReceivedMessage.from_event(record.raw_event)
        correlation.start(received.attributes.get("correlation_id"))
        facts, started = self._telemetry.begin("SQS")
        facts.queue = record.event_source_arn.rsplit(":", 1)[-1]
        facts.message_id, facts.ending = received.id, "returned"
        try:
            self._process(received, facts, deadline)
        except VigilError as error:
            problem = problems.problem_of(error)
            facts.status, facts.problem = problem.status, problem.code
            if problem.status >= 500:
                facts.record_error(error)
            raise
        except Exception as error:
            facts.record_error(error)
            raise
        finally:
            self._telemetry.end(facts, started)

    def _process(self, received: ReceivedMessage, facts: RequestFacts, deadline: Deadline) -> None:
        if deadline.remaining() < _MIN_SECONDS:
            raise Unavailable("There was not enough time left to start this message.")
        message = None
        try:
            message = self._read(received)
            _record_message(message, facts)
            with tenant_guard.confine_to(message.tenant_id):
                self._work(message, deadline)
        except (WorkPostponed, CircuitOpen) as error:
            self._postpone(message, error)
            facts.status, facts.ending = 200, "postponed"
        except _TRANSIENT:
            raise
        except VigilError as error:
            problem = problems.problem_of(error)
            facts.problem = problem.code
            self._dead_letter_queue.quarantine(received, facts.problem, message)
            facts.status, facts.ending = problem.status, "quarantined"
        else:
            if message.attempts:
                self._dead_letter_queue.send_settled(message)
            facts.status, facts.ending = 200, "done"

    def _postpone(self, message: Message | None, error: WorkPostponed | CircuitOpen) -> None:
        """Send the message to its own queue again with a delay, or raise Unavailable if that is not possible."""
        if self._own_queue is None or message is None:
            raise error
        seconds = error.seconds if isinstance(error, WorkPostponed) else error.retry_after
        delay = max(_MIN_DELAY_SECONDS, min(_MAX_DELAY_SECONDS, ceil(seconds)))
        self._own_queue.send([message], delay)


def _record_message(message: Message, facts: RequestFacts) -> None:
    """Copy the log fields of a message to the facts, and set its correlation id."""
    correlation.start(message.correlation_id)
    facts.route, facts.tenant_id = message.kind, message.tenant_id
    facts.message_id, facts.attempts = message.id, message.attempts
