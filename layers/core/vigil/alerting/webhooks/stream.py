"""Messages of the queue `webhook-deliveries`: events of the bus, and attempts of deliveries."""

import json
from collections.abc import Sequence

from vigil.alerting.webhooks.attempts import DeliveryAttempts
from vigil.alerting.webhooks.deliveries_model import PublishedEvent, WebhookDelivery
from vigil.alerting.webhooks.fan_out import EventFanOut
from vigil.errors import MalformedRequest, Unavailable, UnreadableMessage
from vigil.kernel.json_documents import loads
from vigil.runtime import correlation, telemetry
from vigil.workers.queues import Message, ReceivedMessage, SqsQueue
from vigil.workers.worker_loop import Deadline

EVENT, ATTEMPT = "webhooks.event", "webhooks.attempt"
"""Kinds of messages: an event to fan out, and a due attempt of a delivery."""
_SOURCE_PREFIX = "vigil."
_MIN_SECONDS = 14.0
"""Minimum time left for an attempt, in seconds: the limit of a request, and the calls before and after it."""


class DeliveryJobs:
    """Sender of messages for due attempts. A message names the delivery and has no data of its event."""

    def __init__(self, queue: SqsQueue) -> None:
        self._queue = queue

    def send(self, deliveries: Sequence[WebhookDelivery], delay_seconds: int = 0) -> None:
        """Send a message per delivery, at least once, so that it is received after a delay of at most 900 s.

        Raises Unavailable.
        """
        self._queue.send(map(_message, deliveries), delay_seconds)


class WebhookWorker:
    """Processes the messages of the queue. Each is the fan-out of an event or one attempt of a delivery."""

    def __init__(self, fan_out: EventFanOut, attempts: DeliveryAttempts) -> None:
        self._fan_out = fan_out
        self._attempts = attempts

    def process(self, message: Message, deadline: Deadline) -> None:
        """Process a message that `read_message` returned; safe to repeat.

        Raises UnreadableMessage for a kind of another queue. Raises Unavailable if too little time is left for an
        attempt, or a store, queue or secret is not available; a retry may then succeed. Raises ValueError, KeyError or
        TypeError for a malformed body.
        """
        names = json.loads(message.body)
        if message.kind == EVENT:
            facts = telemetry.current.get()
            facts.records = self._fan_out.create_deliveries(PublishedEvent(message.tenant_id, **names))
            return
        if message.kind != ATTEMPT:
            raise UnreadableMessage("The kind of the message is not one of this queue.")
        if deadline.remaining() < _MIN_SECONDS:
            raise Unavailable("There was not enough time left for an attempt.")
        self._attempts.attempt(message.tenant_id, names["webhook_id"], names["delivery_id"])


def read_message(received: ReceivedMessage) -> Message:
    """Return a message of Vigil's own format, or that of an event which a rule of the bus has sent to the queue.

    Raises UnreadableMessage for any other text, and for an event of another source. Format of the event:
    https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html.
    """
    if "kind" in received.attributes:
        return received.message()
    try:
        sent = loads(received.body)
        if not sent["source"].startswith(_SOURCE_PREFIX):
            raise UnreadableMessage("The event has another source than Vigil.")
        detail, kind = sent["detail"], sent["detail-type"]
        names = {"event_id": detail["event_id"], "kind": kind, "occurred_at": detail["occurred_at"]}
        correlation_id = detail.get("correlation_id", "")
        return Message(
            detail["event_id"],
            EVENT,
            detail["tenant_id"],
            correlation_id if correlation.is_well_formed(correlation_id) else sent["id"],
            json.dumps(names | {"detail": json.dumps(detail, separators=(",", ":"))}),
            trace=received.system.get("AWSTraceHeader"),
            receives=int(received.system.get("ApproximateReceiveCount", "1")),
        )
    except (AttributeError, KeyError, TypeError, ValueError, MalformedRequest) as error:
        raise UnreadableMessage("The message is not an event of the bus.") from error


def _message(delivery: WebhookDelivery) -> Message:
    names = {"webhook_id": delivery.webhook_id, "delivery_id": delivery.delivery_id}
    message_id = f"{delivery.webhook_id}.{delivery.delivery_id}.{delivery.version}"
    correlation_id = correlation.current.get() or delivery.delivery_id
    return Message(message_id, ATTEMPT, delivery.tenant_id, correlation_id, json.dumps(names))
