"""Handling of the decisions table's stream: records in, positions to retry out."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from vigil.alerting.events.model import NewDecision, StreamRange
from vigil.alerting.events.ports import StreamReader
from vigil.alerting.events.service import DecisionPublisher
from vigil.errors import Unavailable
from vigil.runtime import telemetry
from vigil.runtime.telemetry import Telemetry


class DecisionStream:
    """Lambda handler of the stream of the decisions table. It writes one log line per batch."""

    def __init__(self, publisher: DecisionPublisher, telemetry: Telemetry) -> None:
        self._publisher = publisher
        self._telemetry = telemetry

    def handle(self, batch: Mapping[str, Any], _: Any) -> dict[str, Any]:
        """Publish the events of a batch of stream records and return the failed positions as `batchItemFailures`.

        Lambda then retries all records from the first returned position on. Raises Unavailable if the bus accepted no
        event.
        """
        facts, started = self._telemetry.begin("STREAM")
        facts.route, facts.records = "decisions", len(batch["Records"])
        try:
            again = publish_records(batch["Records"], self._publisher)
            facts.status, facts.failed = 207 if again else 200, len(again)
            facts.high_risk = sum(map(_is_high_risk, batch["Records"])) or None
        finally:
            self._telemetry.end(facts, started)
        return {"batchItemFailures": [{"itemIdentifier": position} for position in again]}


class StreamReplay:
    """Replays records of a stream for a consumer after Lambda's retries have failed.

    `consume` processes records and returns the positions that failed.
    """

    def __init__(self, stream: StreamReader, consume: Callable[[Sequence[Mapping[str, Any]]], Collection[str]]) -> None:
        self._stream = stream
        self._consume = consume

    def __call__(self, position: str) -> None:
        """Replay the records of a range; `position` is the JSON object of a StreamRange.

        Raises NotFound if the records are older than 24 hours, and Unavailable if the consumer failed for some of them.
        """
        records = list(self._stream.read(StreamRange(**json.loads(position))))
        if again := self._consume(records):
            raise Unavailable(f"{len(again)} of {len(records)} records could not be processed; try again.")


def publish_records(records: Iterable[Mapping[str, Any]], publisher: DecisionPublisher) -> list[str]:
    """Publish the events of new rows in stream records; return the positions that must be retried.

    A row that cannot be read is one of them. Changed and removed rows have no events. Raises Unavailable if the bus
    accepted no event.
    """
    rows, unread = {}, []
    for record in records:
        if record["eventName"] != "INSERT":  # rows never change, and a removed row is not a new decision
            continue
        position = record["dynamodb"]["SequenceNumber"]
        try:
            rows[position] = parse_decision(record["dynamodb"]["NewImage"])
        except (KeyError, ValueError):
            unread.append(position)  # retried; then sent to the dead-letter queue
    again = publisher.publish(rows)
    told = [row for position, row in rows.items() if position not in again]
    telemetry.count("EventsTold", len(told))
    telemetry.count("EventsToldLate", sum(map(publisher.is_late, told)))
    return unread + again


def _is_high_risk(record: Mapping[str, Any]) -> bool:
    image = record["dynamodb"].get("NewImage", {})
    return record["eventName"] == "INSERT" and bool(image.get("high_risk", {}).get("BOOL"))


def parse_decision(image: Mapping[str, Any]) -> NewDecision:
    """Return the decision of a ledger row, with the pseudonym of its subject only.

    `image` is the row in DynamoDB's JSON. Raises KeyError or ValueError for a row that cannot be read.
    """
    summary = json.loads(image["summary"]["S"])
    return NewDecision(
        tenant_id=image["tenant_pk"]["S"],
        decision_id=image["decision_id"]["S"],
        correlation_id=image["correlation_id"]["S"],
        created_at=image["created_at"]["S"],
        subject=image["subject_pk"]["S"].partition("#")[2],
        model_digest=image["model_digest"]["S"],
        band=summary["band"],
        decision=summary["decision"],
        high_risk=image["high_risk"]["BOOL"],
    )
