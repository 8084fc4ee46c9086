"""Messages on SQS: what travels on every queue of the system, and how it is sent, received and set aside."""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vigil.aws.errors import asking
from vigil.errors import Unavailable, Unreadable

_QUEUE = "The queue"
_ENTRIES = 10
"""The most that one call takes."""
_TRIES = 3
_MOST_BYTES = 65_536
"""Of a body: references are short, and a dead letter must fit into one item of a table."""
_NAMES = ("id", "kind", "tenant_id", "correlation_id")
_WORD = re.compile(r"[\x21-\x7e]{1,256}")
_TENANT = re.compile(r"[a-z_][a-z0-9-]{2,31}")


@dataclass(frozen=True, slots=True)
class Message:
    """One piece of work. `id` is a business id: the same work has the same id however often it is sent.

    `body` is JSON of references only (keys, ids, ranges), never facts about a person. `attempts` counts how often the
    work was put back from a dead-letter queue. `trace` is an X-Ray header; the sender's own where it is None.
    """

    id: str
    kind: str
    tenant_id: str
    correlation_id: str
    body: str
    attempts: int = 0
    trace: str | None = None

    def __post_init__(self) -> None:
        for name in _NAMES:
            if not _WORD.fullmatch(getattr(self, name)):
                raise ValueError(f"{name} must be 1 to 256 visible ASCII characters")
        if not _TENANT.fullmatch(self.tenant_id):
            raise ValueError("tenant_id is no tenant's")
        if not 0 < len(self.body.encode()) <= _MOST_BYTES or self.attempts < 0:
            raise ValueError(f"a body must have 1 to {_MOST_BYTES} bytes, and attempts not be negative")


@dataclass(frozen=True, slots=True)
class Received:
    """A message as it came from a queue, before anybody has understood it.

    `id` is SQS's own: a message that is sent again has another one. `handle` is what a deletion names.
    """

    id: str
    body: str
    attributes: Mapping[str, str]
    system: Mapping[str, str]
    handle: str = ""

    @classmethod
    def from_event(cls, record: Mapping[str, Any]) -> "Received":
        """Return a record of the event that Lambda hands to a function."""
        attributes = _texts(record.get("messageAttributes", {}), "stringValue")
        return cls(record["messageId"], record["body"], attributes, record.get("attributes", {}))

    @classmethod
    def from_answer(cls, message: Mapping[str, Any]) -> "Received":
        """Return a message of the answer to ReceiveMessage."""
        attributes = _texts(message.get("MessageAttributes", {}), "StringValue")
        system = message.get("Attributes", {})
        return cls(message["MessageId"], message["Body"], attributes, system, message["ReceiptHandle"])

    def message(self) -> Message:
        """Return the work that this carries; raise Unreadable if an attribute is missing or malformed."""
        try:
            names = {name: self.attributes[name] for name in _NAMES}
            attempts = int(self.attributes.get("attempts", "0"))
            return Message(**names, body=self.body, attempts=attempts, trace=self.system.get("AWSTraceHeader"))
        except (KeyError, ValueError) as error:
            raise Unreadable("The message's attributes are not Vigil's.") from error


class SqsQueue:
    """One queue. What it does not take raises Unavailable, and may have been taken all the same: ids tell."""

    def __init__(self, client: Any, url: str) -> None:
        self._client = client
        self._url = url

    @property
    def name(self) -> str:
        """Return the queue's name."""
        return self._url.rsplit("/", 1)[-1]

    def send(self, messages: Iterable[Message], delay_seconds: int = 0) -> None:
        """Send all messages, ten to a call, at least once each; delays go up to 900 s."""
        delay = {"DelaySeconds": delay_seconds} if delay_seconds else {}
        entries = [_entry(message.body, _attributes(message), message.trace) | delay for message in messages]
        for start in range(0, len(entries), _ENTRIES):
            self._put(entries[start : start + _ENTRIES])

    def quarantine(self, received: Received, reason: str, message: Message | None = None) -> None:
        """Put what trying again cannot help on this dead-letter queue, as it came, and say why."""
        known = {name: received.attributes[name] for name in (*_NAMES, "attempts") if name in received.attributes}
        marks = {"failure": "permanent", "reason": reason, "source_id": received.id}
        understood = _attributes(message) if message else {}
        self._put([_entry(received.body, known | understood | marks, received.system.get("AWSTraceHeader"))])

    def settle(self, message: Message) -> None:
        """Tell whoever reads this dead-letter queue that work which it had put back is done."""
        self._put([_entry(message.body, _attributes(message) | {"settled": "true"}, message.trace)])

    def receive(self, visibility_seconds: int) -> list[Received]:
        """Return up to ten messages, hidden from others for a while; empty when the queue seems empty."""
        with asking(_QUEUE):
            answer = self._client.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=_ENTRIES,
                VisibilityTimeout=visibility_seconds,
                MessageAttributeNames=["All"],
                MessageSystemAttributeNames=["AWSTraceHeader", "SentTimestamp"],
            )
        return [Received.from_answer(message) for message in answer.get("Messages", [])]

    def delete(self, handles: Sequence[str]) -> None:
        """Delete up to ten messages by the handles they were received with; one that stays comes again."""
        entries = [{"Id": str(place), "ReceiptHandle": handle} for place, handle in enumerate(handles)]
        with asking(_QUEUE):
            self._client.delete_message_batch(QueueUrl=self._url, Entries=entries)

    def _put(self, entries: Sequence[Mapping[str, Any]]) -> None:
        left = {str(place): entry for place, entry in enumerate(entries)}
        for _ in range(_TRIES):
            sent = [{"Id": place, **entry} for place, entry in left.items()]
            with asking(_QUEUE):
                answer = self._client.send_message_batch(QueueUrl=self._url, Entries=sent)
            left = {refused["Id"]: left[refused["Id"]] for refused in answer.get("Failed", [])}
            if not left:
                return
        raise Unavailable("The queue did not take every message.")


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
