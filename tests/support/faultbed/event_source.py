"""Lambda's event source mapping: it receives messages, calls the function and deletes the successful ones."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any

from tests.support.faultbed.recursion import LoopDetection

Handler = Callable[[Any, Any], Any]


class EventSource:
    """Poller of one queue for one function with `ReportBatchItemFailures`.

    An unknown or missing message identifier in the answer fails the whole batch:
    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    """

    def __init__(
        self,
        sqs: Any,
        url: str,
        handler: Handler,
        context: Any,
        batch: int = 10,
        consumer: LoopDetection | None = None,
    ) -> None:
        self._sqs = sqs
        self._url = url
        self._handler = handler
        self._context = context
        self._batch = batch
        self._consumer = consumer

    def poll(self, wait_seconds: int = 0) -> tuple[list[str], list[str]]:
        """Deliver one batch. Return the ids of its messages and the ids of the failed ones."""
        received = self._sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=self._batch,
            WaitTimeSeconds=wait_seconds,
            MessageAttributeNames=["All"],
            AttributeNames=["All"],
        ).get("Messages", [])
        if not received:
            return [], []
        failed = self._call(received)
        done = [message for message in received if message["MessageId"] not in failed]
        if done:
            entries = [{"Id": str(n), "ReceiptHandle": each["ReceiptHandle"]} for n, each in enumerate(done)]
            self._sqs.delete_message_batch(QueueUrl=self._url, Entries=entries)
        return [message["MessageId"] for message in received], sorted(failed)

    def _call(self, received: list[dict[str, Any]]) -> set[str]:
        """Return the ids of the messages that the function did not process."""
        every = {message["MessageId"] for message in received}
        arn = "arn:aws:sqs:us-east-1:000000000000:" + self._url.rsplit("/", 1)[-1]
        headers = [message.get("Attributes", {}).get("AWSTraceHeader", "") for message in received]
        try:
            with self._consumer.call(headers) if self._consumer else nullcontext():
                answer = self._handler({"Records": [record(message, arn) for message in received]}, self._context)
        except Exception:  # any error of the function returns the batch to the queue
            return every
        failed = {failure.get("itemIdentifier") for failure in (answer or {}).get("batchItemFailures", [])}
        return failed if failed <= every else every


def record(message: Mapping[str, Any], arn: str) -> dict[str, Any]:
    """Return a received message in the format of a Lambda event record."""
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes", {}),
        "messageAttributes": {
            name: {"stringValue": value["StringValue"], "dataType": value["DataType"]}
            for name, value in message.get("MessageAttributes", {}).items()
        },
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": "us-east-1",
    }
