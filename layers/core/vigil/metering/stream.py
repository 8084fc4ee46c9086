"""The stream of the decisions table, counted: batches of new rows in, the positions that must come again out."""

from collections.abc import Iterable, Mapping
from typing import Any

from vigil.metering.model import of_row
from vigil.metering.service import Meter
from vigil.platform.telemetry import Telemetry


class DecisionCounts:
    """Counts batches of stream records, one log line each."""

    def __init__(self, meter: Meter, telemetry: Telemetry) -> None:
        self._meter = meter
        self._telemetry = telemetry

    def handle(self, batch: Mapping[str, Any], _: Any) -> dict[str, Any]:
        """Count the rows of a batch; Lambda sends again whatever starts at the first position that is returned."""
        facts, started = self._telemetry.begin("STREAM")
        facts.route, facts.records = "usage", len(batch["Records"])
        try:
            again = count(batch["Records"], self._meter)
            facts.status, facts.failed = 207 if again else 200, len(again)
        finally:
            self._telemetry.end(facts, started)
        return {"batchItemFailures": [{"itemIdentifier": position} for position in again]}


def count(records: Iterable[Mapping[str, Any]], meter: Meter) -> list[str]:
    """Count the new rows among stream records; return the positions of those that must come again."""
    rows, unread = {}, []
    for record in records:
        if record["eventName"] != "INSERT":  # rows never change; one that goes was counted when it came
            continue
        position = record["dynamodb"]["SequenceNumber"]
        try:
            rows[position] = of_row(record["dynamodb"]["NewImage"])
        except (KeyError, ValueError):
            unread.append(position)  # tried again, and after that left to the dead-letter queue
    failed = set(meter.count(rows.values()))
    return unread + [position for position, entry in rows.items() if entry.name in failed]
