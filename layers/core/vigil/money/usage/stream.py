"""Counting of the streams of decisions and batches: records in, positions to retry out."""

from collections.abc import Iterable, Mapping
from typing import Any

from vigil.money.usage.service import UsageCounter
from vigil.money.usage.stream_entries import change_entries
from vigil.runtime.telemetry import Telemetry


class StreamCounter:
    """Counts batches of stream records, with one log line per batch."""

    def __init__(self, counter: UsageCounter, telemetry: Telemetry) -> None:
        self._counter = counter
        self._telemetry = telemetry

    def handle(self, batch: Mapping[str, Any], _: Any) -> dict[str, Any]:
        """Count the changes of a batch; Lambda retries all records from the first returned position on."""
        facts, started = self._telemetry.begin("STREAM")
        facts.route, facts.records = "usage", len(batch["Records"])
        try:
            again = count_records(batch["Records"], self._counter)
            facts.status, facts.failed = 207 if again else 200, len(again)
        finally:
            self._telemetry.end(facts, started)
        return {"batchItemFailures": [{"itemIdentifier": position} for position in again]}


def count_records(records: Iterable[Mapping[str, Any]], counter: UsageCounter) -> list[str]:
    """Count the usage in changes of rows; return the positions of the records that must be retried."""
    changes, unread = {}, []
    for record in records:
        position = record["dynamodb"]["SequenceNumber"]
        try:
            changes[position] = change_entries(record)
        except (KeyError, ValueError):
            unread.append(position)  # retried; then sent to the dead-letter queue
    failed = set(counter.count(entry for entries in changes.values() for entry in entries))
    return unread + [position for position, entries in changes.items() if failed & {entry.key for entry in entries}]
