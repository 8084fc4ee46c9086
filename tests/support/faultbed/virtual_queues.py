"""SQS on a virtual clock: visibility, delays, redrive policies, groups and duplicates; days pass within a second.

Calls go through a real boto3 client, so faults and turns can be injected as into any other client.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from random import Random
from typing import Any

from tests.support.faultbed.bed import Bed
from tests.support.faultbed.recursion import LoopDetection


@dataclass
class _Letter:
    number: int
    body: str
    attributes: dict[str, Any]
    system: dict[str, str]
    visible_at: datetime
    group: str = ""
    receives: int = 0
    handle: str = ""


@dataclass
class _Queue:
    dead: str | None
    most_receives: int
    consumer: LoopDetection | None
    letters: list[_Letter] = field(default_factory=list)


class VirtualQueues:
    """Simulated queues by URL. Messages arrive in any order; some arrive twice, at random.

    `sent` lists the attributes of every message ever sent, by queue. Queues that are `fair` deliver messages of the
    group with the fewest messages in flight first, as SQS does once a group takes more than a tenth of the workers.
    """

    def __init__(
        self, bed: Bed, clock: Callable[[], datetime], seed: int, duplicates: float = 0.05, fair: bool = False
    ) -> None:
        self.sent: dict[str, list[dict[str, str]]] = {}
        self._duplicates = duplicates
        self._fair = fair
        self._bed = bed
        self._clock = clock
        self._random = Random(seed)
        self._numbers = count()
        self._queues: dict[str, _Queue] = {}

    def create(
        self, url: str, dead: str | None = None, most_receives: int = 3, consumer: LoopDetection | None = None
    ) -> str:
        """Create a queue and return its URL. After `most_receives` receives a message moves to the queue `dead`.

        So does a message whose chain the detection of the consumer stops; without `dead` it is lost.
        """
        self._queues[url] = _Queue(dead, most_receives, consumer)
        self.sent[url] = []
        return url

    def client(self) -> Any:
        """Return an SQS client for these queues."""
        client = self._bed.client("sqs")
        client._make_api_call = self._call
        return client

    def waiting(self, url: str) -> int:
        """Return the number of messages of a queue, including invisible ones."""
        return len(self._queues[url].letters)

    def _call(self, operation: str, arguments: dict[str, Any]) -> Any:
        url = arguments["QueueUrl"]
        queue = self._queues[url]
        match operation:
            case "SendMessageBatch":
                return {"Successful": [self._send(url, entry) for entry in arguments["Entries"]]}
            case "ReceiveMessage":
                return self._receive(queue, arguments["MaxNumberOfMessages"], arguments.get("VisibilityTimeout", 60))
            case "DeleteMessageBatch":
                for entry in arguments["Entries"]:
                    self._delete(queue, entry["ReceiptHandle"])
                return {}
        raise NotImplementedError(operation)

    def _send(self, url: str, entry: dict[str, Any]) -> dict[str, Any]:
        attributes = entry.get("MessageAttributes", {})
        self.sent[url].append({name: each["StringValue"] for name, each in attributes.items()})
        system = {name: each["StringValue"] for name, each in entry.get("MessageSystemAttributes", {}).items()}
        now = self._clock()
        letter = _Letter(
            number=next(self._numbers),
            body=entry["MessageBody"],
            attributes=attributes,
            system=system | {"SentTimestamp": str(int(now.timestamp() * 1e3))},
            visible_at=now + timedelta(seconds=entry.get("DelaySeconds", 0)),
            group=entry.get("MessageGroupId", ""),
        )
        self._queues[url].letters.append(letter)
        return {"Id": entry["Id"], "MessageId": str(letter.number)}

    def _delete(self, queue: _Queue, handle: str) -> None:
        """Delete a message. With the handle of an earlier delivery it succeeds at random, as SQS documents."""
        number = int(handle.partition("/")[0])
        obsolete_counts = self._random.random() < 0.5
        queue.letters = [
            letter
            for letter in queue.letters
            if letter.number != number or (letter.handle != handle and not obsolete_counts)
        ]

    def _receive(self, queue: _Queue, most: int, hidden_seconds: int) -> dict[str, Any]:
        now = self._clock()
        visible = [letter for letter in queue.letters if letter.visible_at <= now]
        shuffled = self._random.sample(visible, len(visible))
        if self._fair:
            in_flight = Counter(letter.group for letter in queue.letters if letter.receives and letter.visible_at > now)
            shuffled.sort(key=lambda letter: in_flight[letter.group])
        taken = shuffled[:most]
        answer = []
        for letter in taken:
            header = letter.system.get("AWSTraceHeader", "")
            stopped = queue.consumer is not None and queue.consumer.stops(str(letter.number), header)
            if stopped or (queue.dead and letter.receives >= queue.most_receives):
                queue.letters.remove(letter)
                letter.receives, letter.visible_at = 0, now
                if queue.dead:
                    self._queues[queue.dead].letters.append(letter)
                continue
            letter.receives += 1
            letter.handle = f"{letter.number}/{letter.receives}"
            if self._random.random() >= self._duplicates:
                letter.visible_at = now + timedelta(seconds=hidden_seconds)
            answer.append(_shown(letter))
        return {"Messages": answer} if answer else {}


def _shown(letter: _Letter) -> dict[str, Any]:
    return {
        "MessageId": str(letter.number),
        "ReceiptHandle": letter.handle,
        "Body": letter.body,
        "MD5OfBody": "",
        "Attributes": letter.system | {"ApproximateReceiveCount": str(letter.receives)},
        "MessageAttributes": letter.attributes,
    }
