"""The stream of the decisions table: batches of new rows in, the positions that must come again out."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from vigil.alerting.events.model import NewDecision, Place
from vigil.alerting.events.ports import Stream
from vigil.alerting.events.service import Announcer
from vigil.errors import Unavailable
from vigil.kernel.rows import ModelRef
from vigil.runtime.telemetry import Telemetry


class DecisionStream:
    """Decides on batches of stream records, one log line each."""

    def __init__(self, announcer: Announcer, telemetry: Telemetry) -> None:
        self._announcer = announcer
        self._telemetry = telemetry

    def handle(self, batch: Mapping[str, Any], _: Any) -> dict[str, Any]:
        """Announce the rows of a batch; Lambda sends again whatever starts at the first position that is returned."""
        facts, started = self._telemetry.begin("STREAM")
        facts.route, facts.records = "decisions", len(batch["Records"])
        try:
            again = announce(batch["Records"], self._announcer)
            facts.status, facts.failed = 207 if again else 200, len(again)
        finally:
            self._telemetry.end(facts, started)
        return {"batchItemFailures": [{"itemIdentifier": position} for position in again]}


class Replay:
    """Tells a consumer of the stream again of rows that Lambda has given up on for it."""

    def __init__(self, stream: Stream, tell: Callable[[Sequence[Mapping[str, Any]]], Collection[str]]) -> None:
        self._stream = stream
        self._tell = tell

    def __call__(self, place: str) -> None:
        """Tell of what the stream holds at a place, given as the JSON of `Place`.

        Raises NotFound if the stream has forgotten it, Unavailable if not every row could be told of.
        """
        records = list(self._stream.read(Place(**json.loads(place))))
        if again := self._tell(records):
            raise Unavailable(f"{len(again)} of {len(records)} rows could not be told of.")


def announce(records: Iterable[Mapping[str, Any]], announcer: Announcer) -> list[str]:
    """Announce the new rows among stream records; return the positions of those that must come again."""
    rows, unread = {}, []
    for record in records:
        if record["eventName"] != "INSERT":  # rows never change; one that goes is no decision
            continue
        position = record["dynamodb"]["SequenceNumber"]
        try:
            rows[position] = decision(record["dynamodb"]["NewImage"])
        except (KeyError, ValueError):
            unread.append(position)  # tried again, and after that left to the dead-letter queue
    return unread + announcer.announce(rows)


def decision(image: Mapping[str, Any]) -> NewDecision:
    """Return what a ledger row says of its decision; the subject itself is never read. Raises KeyError, ValueError."""
    summary = json.loads(image["summary"]["S"])
    return NewDecision(
        tenant_id=image["tenant_pk"]["S"],
        decision_id=image["decision_id"]["S"],
        correlation_id=image["correlation_id"]["S"],
        created_at=image["created_at"]["S"],
        subject=image["subject_pk"]["S"].partition("#")[2],
        model=ModelRef(image["model"]["S"], int(image["model_version"]["N"]), image["model_digest"]["S"]),
        band=summary["band"],
        decision=summary["decision"],
        high_risk=image["high_risk"]["BOOL"],
    )
