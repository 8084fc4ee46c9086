"""How far the rounds of a job came, in a table of its function: `pk = ROUNDS`, `sk = <job>`. It is of no tenant."""

import json
import uuid
from dataclasses import asdict
from typing import Any

from vigil.platform.transactions import Part, read, transact
from vigil.rounds.model import Place


class DynamoPlaces:
    """One item."""

    def __init__(self, client: Any, table: str, job: str) -> None:
        self._client = client
        self._table = table
        self._key: Part = {"pk": {"S": "ROUNDS"}, "sk": {"S": job}}

    def last(self) -> Place:
        """Return the place that was kept last."""
        (item,) = read(self._client, self._table, [self._key])
        if not item:
            return Place()
        said = json.loads(item["place"]["S"])
        return Place(**said | {"left": tuple(said["left"])})

    def keep(self, place: Place) -> bool:
        """Keep a place that follows the one of the revision before; return False if another run kept one since."""
        number = {"revision": {"N": str(place.revision)}}
        put = {
            "TableName": self._table,
            "Item": self._key | {"place": {"S": json.dumps(asdict(place))}} | number,
            "ConditionExpression": "attribute_not_exists(pk) OR revision = :before",
            "ExpressionAttributeValues": {":before": {"N": str(place.revision - 1)}},
        }
        return transact(self._client, uuid.uuid4().hex, [{"Put": put}]) is None
