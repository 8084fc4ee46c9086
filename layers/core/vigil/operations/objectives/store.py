"""State of burn-rate alerts in DynamoDB: one item, `pk = MEASUREMENTS`, `sk = BURNS`."""

import json
from dataclasses import asdict
from typing import Any

from vigil.aws.tables import Table
from vigil.kernel.events import Event
from vigil.operations.objectives.burns_model import BurnState

_KEY = {"pk": {"S": "MEASUREMENTS"}, "sk": {"S": "BURNS"}}


class DynamoBurns:
    """Stored state of burn-rate alerts. Every method raises Unavailable."""

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table, "The table of measurements")

    def load(self) -> BurnState:
        """Return the state, read consistently; an empty one before the first write."""
        item = self._table.get(_KEY)
        if item is None:
            return BurnState()
        stored = json.loads(item["burns"]["S"])
        return BurnState(
            end=stored["end"],
            firing={(objective, rule): since for objective, rule, since in stored["firing"]},
            untold=tuple(Event(**event) for event in stored["untold"]),
            version=int(item["version"]["N"]),
        )

    def write(self, state: BurnState) -> bool:
        """Store a state over the one with the previous version, and return True.

        Return False and store nothing if another version is stored.
        """
        stored = {
            "end": state.end,
            "firing": [[*burn, since] for burn, since in state.firing.items()],
            "untold": [asdict(event) for event in state.untold],
        }
        return self._table.write_if(
            "put_item",
            Item=_KEY | {"burns": {"S": json.dumps(stored)}, "version": {"N": str(state.version)}},
            ConditionExpression="version = :before" if state.version > 1 else "attribute_not_exists(pk)",
            **({"ExpressionAttributeValues": {":before": {"N": str(state.version - 1)}}} if state.version > 1 else {}),
        )
