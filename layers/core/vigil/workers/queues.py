"""Messages on SQS: their common format, and how they are sent, received, quarantined and deleted."""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vigil.aws.errors import translate_errors
from vigil.errors import Unavailable, UnreadableMessage
from vigil.runtime.retries import TryAgain, retry

DEAD_LETTERS_SUFFIX = "-dead"
"""End of the name of a queue's dead-letter queue (`infra/queue.yaml`)."""
_QUEUE = "The queue"
_MAX_ENTRIES = 10
"""Maximum messages per SQS call."""
_MAX_ATTEMPTS = 3
_MAX_BODY_BYTES = 65_536
"""Maximum message body, in bytes. References are short, and a dead letter must fit into one DynamoDB item."""
_DEPTHS = {
    "visible": "ApproximateNumberOfMessages",
    "in_flight": "ApproximateNumberOfMessagesNotVisible",
    "delayed": "ApproximateNumberOfMessagesDelayed",
}
"""Attributes of a queue with its numbers of messages, by state."""
_NAMES = ("id", "kind", "tenant_id", "correlation_id")
_WORD = re.compile(r"[\x21-\x7e]{1,256}")
_TENANT = re.compile(r"[a-z_][a-z0-9-]{2,31}")


@dataclass(frozen=True, slots=True)
class Message:
    """One piece of work. `id` is a business id: the same work has the same id in every delivery.

    `body` is JSON that contains only references (keys, ids, ranges), never facts about a person. `attempts` counts the
    redrives from a dead-letter queue. `receives` counts the deliveries by the queue, this one included.
    `trace` is an X-Ray header. If it is None, the message gets the header of the invocation that sends it.
    """

    id: str
    kind: str
    tenant_id: str
    correlation_id: str
    body: str
    attempts: int = 0
    trace: str | None = None
    receives: int = 1

    def __post_init__(self) -> None:
        for name in _NAMES:
            if not _WORD.fullmatch(getattr(self, name)):
                raise ValueError(f"{name} must be 1 to 256 visible ASCII characters")
        if not _TENANT.fullmatch(self.tenant_id):
            raise ValueError(
                "tenant_id must have 3 to 32 lowercase letters, digits or hyphens, and begin with a letter or _"
            )
        if not 0 < len(self.body.encode()) <= _MAX_BODY_BYTES or self.attempts < 0:
            raise ValueError(f"body must have 1 to {_MAX_BODY_BYTES} bytes, and attempts must not be negative")


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """A message as received from a queue, before it is parsed.

    `id` is SQS's own message id; a message that is sent again has another one. `handle` identifies it for deletion.
    """

    id: str
    body: str
    attributes: Mapping[str, str]
    system: Mapping[str, str]
    handle: str = ""

    @classmethod
    def from_event(cls, record: Mapping[str, Any]) -> "ReceivedMessage":
        """Return the message of one record of a Lambda event."""
        attributes = _texts(record.get("messageAttributes", {}), "stringValue")
        return cls(record["messageId"], record["body"], attributes, record.get("attributes", {}))

    @classmethod
    def from_answer(cls, message: Mapping[str, Any]) -> "ReceivedMessage":
        """Return the message of one entry of a ReceiveMessage response."""
        attributes = _texts(message.get("MessageAttributes", {}), "StringValue")
        system = message.get("Attributes", {})
        return cls(message["MessageId"], message["Body"], attributes, system, message["ReceiptHandle"])

    def message(self) -> Message:
        """Return the parsed message; raise UnreadableMessage if an attribute is missing or malformed."""
        try:
            names = {name: self.attributes[name] for name in _NAMES}
            attempts = int(self.attributes.get("attempts", "0"))
            receives = int(self.system.get("ApproximateReceiveCount", "1"))
            trace = self.system.get("AWSTraceHeader")
            return Message(**names, body=self.body, attempts=attempts, trace=trace, receives=receives)
        except (KeyError, ValueError) as error:
            raise UnreadableMessage("An attribute of the message is missing or malformed.") from error


class SqsQueue:
    """One SQS queue. A call that raises Unavailable may still have had its effect; duplicates have the same id."""

    def __init__(self, client: Any, url: str) -> None:
        self._client = client
        self._url = url

    @property
    def name(self) -> str:
        """The name of the queue."""
        return self._url.rsplit("/", 1)[-1]

    def send(self, messages: Iterable[Message], delay_seconds: int = 0) -> None:
        """Send all messages at least once each, ten per call. The delay is at most 900 s.

        Each message names its tenant as its group: SQS delivers messages of tenants with few in flight first.
        See docs/adr/0120-queues-deliver-messages-of-quiet-tenants-first.md.
        """
        delay = {"DelaySeconds": delay_seconds} if delay_seconds else {}
        entries = [
            _entry(message.body, _attributes(message), message.trace) | {"MessageGroupId": message.tenant_id} | delay
            for message in messages
        ]
        for start in range(0, len(entries), _MAX_ENTRIES):
            self._put(entries[start : start + _MAX_ENTRIES])

    def quarantine(self, received: ReceivedMessage, reason: str, message: Message | None = None) -> None:
        """Send a received message to this dead-letter queue, with its body unchanged and the reason as an attribute."""
        original = {name: received.attributes[name] for name in (*_NAMES, "attempts") if name in received.attributes}
        marks = {"failure": "permanent", "reason": reason, "source_id": received.id}
        parsed = _attributes(message) if message else {}
        self._put([_entry(received.body, original | parsed | marks, received.system.get("AWSTraceHeader"))])

    def send_settled(self, message: Message) -> None:
        """Report to the reader of this dead-letter queue that the work of a redriven message is done."""
        self._put([_entry(message.body, _attributes(message) | {"settled": "true"}, message.trace)])

    def receive(self, visibility_seconds: int) -> list[ReceivedMessage]:
        """Return up to ten messages and hide them from other readers for `visibility_seconds`.

        The list is empty if SQS found no message.
        """
        with translate_errors(_QUEUE):
            answer = self._client.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=_MAX_ENTRIES,
                VisibilityTimeout=visibility_seconds,
                MessageAttributeNames=["All"],
                MessageSystemAttributeNames=["AWSTraceHeader", "SentTimestamp"],
            )
        return [ReceivedMessage.from_answer(message) for message in answer.get("Messages", [])]

    def depths(self) -> Mapping[str, int]:
        """Return the approximate numbers of `visible`, `in_flight` and `delayed` messages. Raises Unavailable."""
        with translate_errors(_QUEUE):
            answer = self._client.get_queue_attributes(QueueUrl=self._url, AttributeNames=list(_DEPTHS.values()))
        return {state: int(answer["Attributes"][attribute]) for state, attribute in _DEPTHS.items()}

    def delete(self, handles: Sequence[str]) -> None:
        """Delete up to ten messages by their receipt handles. A message that is not deleted is delivered again."""
        entries = [{"Id": str(place), "ReceiptHandle": handle} for place, handle in enumerate(handles)]
        with translate_errors(_QUEUE):
            self._client.delete_message_batch(QueueUrl=self._url, Entries=entries)

    def _put(self, entries: Sequence[Mapping[str, Any]]) -> None:
        unsent = {str(place): entry for place, entry in enumerate(entries)}

        def attempt() -> None:
            nonlocal unsent
            batch = [{"Id": place, **entry} for place, entry in unsent.items()]
            with translate_errors(_QUEUE):
                answer = self._client.send_message_batch(QueueUrl=self._url, Entries=batch)
            unsent = {failed["Id"]: unsent[failed["Id"]] for failed in answer.get("Failed", [])}
            if unsent:
                raise TryAgain

        retry(attempt, attempts=_MAX_ATTEMPTS, error=Unavailable("The queue did not accept every message."))


def _attributes(message: Message) -> dict[str, str]:
    return {name: getattr(message, name) for name in _NAMES} | {"attempts": str(message.attempts)}


def _entry(body: str, attributes: Mapping[str, str], trace: str | None) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "MessageBody": body,
        "MessageAttributes": {name: {"DataType": "String", "StringValue": text} for name, text in attributes.items()},
    }
    if header := trace or os.environ.get("_X_AMZN_TRACE_ID"):
        entry["MessageSystemAttributes"] = {"AWSTraceHeader": {"DataType": "String", "StringValue": header}}
    return entry


def _texts(attributes: Mapping[str, Any], field: str) -> dict[str, str]:
    return {name: attribute[field] for name, attribute in attributes.items() if field in attribute}
