"""States of sources in DynamoDB: `pk = MEASUREMENTS`, `sk = SOURCE#<name>`, families and memory as compressed JSON."""

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from vigil.aws.tables import Item, Table
from vigil.kernel.time import format_timestamp
from vigil.operations.metrics.model import Collected, Family, Sample, SourceState

_PARTITION, _PREFIX = "MEASUREMENTS", "SOURCE#"


class DynamoStates:
    """Stored states of sources. Every method raises Unavailable."""

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table, "The table of measurements")

    def read_all(self) -> Sequence[SourceState]:
        """Return one state per source, in the order of their names, read consistently."""
        items = self._table.items(
            "query",
            KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
            ExpressionAttributeValues={":pk": {"S": _PARTITION}, ":prefix": {"S": _PREFIX}},
            ConsistentRead=True,
        )
        return [_state(item) for item in items]

    def find(self, name: str) -> SourceState | None:
        """Return the state of a source, read consistently, or None before its first collection."""
        item = self._table.get(_key(name))
        return _state(item) if item else None

    def write(self, state: SourceState) -> bool:
        """Store a state over the one with the previous version, and return True.

        Return False and store nothing if another version is stored.
        """
        stored = {
            "families": [asdict(family) for family in state.collected.families],
            "memory": state.collected.memory,
        }
        item = _key(state.name) | {
            "state": {"B": zlib.compress(json.dumps(stored, separators=(",", ":")).encode())},
            "collected_at": {"S": format_timestamp(state.collected_at)},
            "version": {"N": str(state.version)},
        }
        if state.version == 1:
            return self._table.write_if("put_item", Item=item, ConditionExpression="attribute_not_exists(pk)")
        before = {":before": {"N": str(state.version - 1)}}
        return self._table.write_if(
            "put_item", Item=item, ConditionExpression="version = :before", ExpressionAttributeValues=before
        )


def _key(name: str) -> Item:
    return {"pk": {"S": _PARTITION}, "sk": {"S": f"{_PREFIX}{name}"}}


def _state(item: Item) -> SourceState:
    stored = json.loads(zlib.decompress(item["state"]["B"]))
    collected = Collected(tuple(map(_family, stored["families"])), stored["memory"])
    collected_at = datetime.fromisoformat(item["collected_at"]["S"])
    return SourceState(item["sk"]["S"].removeprefix(_PREFIX), collected_at, collected, int(item["version"]["N"]))


def _family(stored: Mapping[str, Any]) -> Family:
    samples = tuple(
        Sample(tuple((name, value) for name, value in each["labels"]), each["value"], each["suffix"])
        for each in stored["samples"]
    )
    return Family(stored["name"], samples)
