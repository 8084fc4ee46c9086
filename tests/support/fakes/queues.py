"""An SQS client with queues in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import EndpointConnectionError


@dataclass
class FakeSqs:
    """An SQS client. It refuses the next `refusing` entries, or every call while it is `away`."""

    refusing: int = 0
    away: bool = False
    queues: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    calls: list[int] = field(default_factory=list)

    def send_message_batch(self, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        self._reach()
        self.calls.append(len(Entries))
        refused, self.refusing = Entries[: self.refusing], max(0, self.refusing - len(Entries))
        for entry in Entries[len(refused) :]:
            self.queues.setdefault(QueueUrl, []).append(entry)
        return {"Failed": [{"Id": entry["Id"], "SenderFault": False, "Code": "InternalError"} for entry in refused]}

    def receive_message(self, QueueUrl: str, MaxNumberOfMessages: int, **_: Any) -> dict[str, Any]:
        self._reach()
        found = list(enumerate(self.queues.get(QueueUrl, [])))[:MaxNumberOfMessages]
        return {"Messages": [_received(QueueUrl, place, entry) for place, entry in found]}

    def delete_message_batch(self, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        self._reach()
        gone = {entry["ReceiptHandle"] for entry in Entries}
        kept = [e for place, e in enumerate(self.queues[QueueUrl]) if f"{QueueUrl}/{place}" not in gone]
        self.queues[QueueUrl] = kept
        return {}

    def _reach(self) -> None:
        if self.away:
            raise EndpointConnectionError(endpoint_url="https://sqs.example.org")


def _received(url: str, place: int, entry: Mapping[str, Any]) -> dict[str, Any]:
    system = entry.get("MessageSystemAttributes", {})
    return {
        "MessageId": f"{url}/{place}",
        "ReceiptHandle": f"{url}/{place}",
        "Body": entry["MessageBody"],
        "MessageAttributes": entry["MessageAttributes"],
        "Attributes": {"SentTimestamp": "1772366400000"} | {n: value["StringValue"] for n, value in system.items()},
    }


def lambda_event(
    entries: Sequence[Mapping[str, Any]], arn: str = "arn:aws:sqs:eu-west-1:123456789012:work"
) -> dict[str, Any]:
    """Return the event with which Lambda would pass these entries to a function."""
    return {"Records": [_record(number, entry, arn) for number, entry in enumerate(entries)]}


def _record(number: int, entry: Mapping[str, Any], arn: str) -> dict[str, Any]:
    attributes = entry["MessageAttributes"].items()
    system = entry.get("MessageSystemAttributes", {})
    return {
        "messageId": f"sqs-{number}",
        "receiptHandle": f"handle-{number}",
        "body": entry["MessageBody"],
        "attributes": {name: value["StringValue"] for name, value in system.items()},
        "messageAttributes": {n: {"dataType": "String", "stringValue": a["StringValue"]} for n, a in attributes},
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
    }
