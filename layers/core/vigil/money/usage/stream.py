"""The streams of decisions and batches, counted: changes of rows in, the positions that must come again out."""

from collections.abc import Iterable, Mapping
from typing import Any

from vigil.money.usage.service import Meter
from vigil.money.usage.stream_entries import of_change
from vigil.runtime.telemetry import Telemetry


class RowCounts:
    """Counts batches of stream records, one log line each."""

    def __init__(self, meter: Meter, telemetry: Telemetry) -> None:
        self._meter = meter
        self._telemetry = telemetry

    def handle(self, batch: Mapping[str, Any], _: Any) -> dict[str, Any]:
        """Count the changes of a batch; Lambda sends again whatever starts at the first position that is returned."""
        facts, started = self._telemetry.begin("STREAM")
        facts.route, facts.records = "usage", len(batch["Records"])
        try:
            again = count(batch["Records"], self._meter)
            facts.status, facts.failed = 207 if again else 200, len(again)
        finally:
            self._telemetry.end(facts, started)
        return {"batchItemFailures": [{"itemIdentifier": position} for position in again]}


def count(records: Iterable[Mapping[str, Any]], meter: Meter) -> list[str]:
    """Count what changes of rows amount to; return the positions of those that must come again."""
    changes, unread = {}, []
    for record in records:
        position = record["dynamodb"]["SequenceNumber"]
        try:
            changes[position] = of_change(record)
        except (KeyError, ValueError):
            unread.append(position)  # tried again, and after that left to the dead-letter queue
    failed = set(meter.count(entry for entries in changes.values() for entry in entries))
    return unread + [position for position, entries in changes.items() if failed & {entry.name for entry in entries}]
