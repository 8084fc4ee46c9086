"""Worker of the queue of alerts, and the reader of its three formats of messages."""

from collections.abc import Callable

from vigil.alerting.alerts.model import AlertEvent
from vigil.alerting.sources.alarms_model import alarm_event
from vigil.alerting.sources.bus_model import bus_event
from vigil.alerting.sources.model import from_json, parse_document, to_json
from vigil.alerting.sources.ports import AlertIntake
from vigil.errors import UnreadableMessage
from vigil.kernel.tenants import OPERATORS
from vigil.runtime import correlation, telemetry
from vigil.workers.queues import Message, ReceivedMessage
from vigil.workers.worker_loop import Deadline

RAISED = "alerting.raised"
"""Kind of a message with an alert event, which fires or clears an alert."""
CLOSED = "tenant-closed"
"""Problem in the log line of an event whose tenant has left."""
IGNORED = "alerting.ignored"
"""Kind of a message about a fact that does not change an alert."""


def read_message(received: ReceivedMessage) -> Message:
    """Return the message of a received one in any of three formats: Vigil's own, an EventBridge event, or an SNS alarm.

    An event or alarm that changes no alert becomes a message of the kind IGNORED. Raises UnreadableMessage for any
    other text.
    """
    if "kind" in received.attributes:
        return received.message()
    document = parse_document(received.body)
    event = alarm_event(document) if "AlarmName" in document else bus_event(document)
    trace = received.system.get("AWSTraceHeader")
    if event is None:
        correlation_id = correlation.current.get() or received.id
        return Message(received.id, IGNORED, OPERATORS, correlation_id, "{}", trace=trace)
    return to_message(event, trace)


def to_message(event: AlertEvent, trace: str | None = None) -> Message:
    """Return the message of the kind RAISED with an alert event. `trace` is an X-Ray header, or None.

    Raises UnreadableMessage if the event id, tenant, correlation id or size is not valid for a message.
    """
    correlation_id = event.correlation_id or correlation.current.get() or event.event_id
    try:
        return Message(event.event_id, RAISED, event.tenant_id, correlation_id, to_json(event), trace=trace)
    except ValueError as error:
        raise UnreadableMessage("The event has no valid id or tenant.") from error


class AlertWorker:
    """Processes messages with alert events. The event of a tenant that has left is logged and not applied."""

    def __init__(self, intake: AlertIntake, is_open_tenant: Callable[[str], bool]) -> None:
        self._intake = intake
        self._is_open_tenant = is_open_tenant

    def process(self, message: Message, _deadline: Deadline) -> None:
        """Apply the alert event of a message; a message of the kind IGNORED has no effect.

        Raises UnreadableMessage for another kind, a malformed event or the event of another tenant. Raises Conflict and
        Unavailable; a retry may then succeed.
        """
        if message.kind == IGNORED:
            return
        if message.kind != RAISED:
            raise UnreadableMessage("The message is not about an alert.")
        event = from_json(message.body)
        if event.tenant_id != message.tenant_id:
            raise UnreadableMessage("The tenant of the message is not the tenant of its event.")
        if not self._is_open_tenant(event.tenant_id):
            telemetry.current.get().problem = CLOSED
            return
        self._intake.accept(event)
