"""Deliveries of a log subscription: the Lambda handler that hands their entries to the intake."""

import json
from base64 import b64decode
from collections.abc import Mapping
from typing import Any, Protocol
from zlib import MAX_WBITS, decompressobj
from zlib import error as ZlibError  # noqa: N812 - the class has a lower-case name

from vigil.errors import UnreadableMessage
from vigil.operations.failures.model import LogBatch, LogEvent
from vigil.runtime import correlation
from vigil.runtime.telemetry import Telemetry

_MAX_BYTES = 64 << 20
"""Maximum size of a delivery after decompression. CloudWatch Logs sends at most 6 MB compressed."""
_GZIP = MAX_WBITS | 16


class Intake(Protocol):
    """The service that processes batches."""

    def process(self, batch: LogBatch) -> int:
        """Process a batch and return the number of its failures. Raises Unavailable."""
        ...


class FailureStream:
    """Lambda handler of the log subscription, with one log line for each delivery."""

    def __init__(self, intake: Intake, telemetry: Telemetry) -> None:
        self._intake = intake
        self._telemetry = telemetry

    def handle(self, event: Mapping[str, Any], _context: Any) -> dict[str, int]:
        """Process one delivery and return its number of failures. Raises UnreadableMessage and Unavailable.

        Lambda repeats a delivery after an error.
        """
        correlation.start(None)
        facts, started = self._telemetry.begin("LOGS")
        facts.route = "failures"
        try:
            batch = read_delivery(event)
            facts.records = self._intake.process(batch) if batch else 0
        except Exception as error:
            facts.record_error(error)
            raise
        else:
            facts.status = 200
            return {"failures": facts.records}
        finally:
            self._telemetry.end(facts, started)


def read_delivery(event: Mapping[str, Any]) -> LogBatch | None:
    """Return the entries of a delivery, or None for a test message of CloudWatch Logs. Raises UnreadableMessage.

    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
    """
    try:
        document = json.loads(_decompressed(b64decode(event["awslogs"]["data"])))
        if document["messageType"] != "DATA_MESSAGE":
            return None
        entries = [LogEvent(each["id"], int(each["timestamp"]), each["message"]) for each in document["logEvents"]]
        return LogBatch(document["logGroup"], document["logStream"], tuple(entries))
    except (KeyError, TypeError, ValueError, ZlibError) as error:
        raise UnreadableMessage("The event is not a delivery of a log subscription.") from error


def _decompressed(data: bytes) -> bytes:
    reader = decompressobj(_GZIP)
    text = reader.decompress(data, _MAX_BYTES)
    if reader.unconsumed_tail:
        raise ValueError("too large")
    return text
