"""How far the rounds of a job came, in a table of its function: `pk = ROUNDS`, `sk = <job>`. It is of no tenant."""

import json
import uuid
from dataclasses import asdict
from typing import Any

from vigil.aws.tables import Table
from vigil.workers.sweeps.model import Place


class DynamoPlaces:
    """One item."""

    def __init__(self, client: Any, table: str, job: str) -> None:
        self._table = Table(client, table, "The table of rounds")
        self._key = {"pk": {"S": "ROUNDS"}, "sk": {"S": job}}

    def last(self) -> Place:
        """Return the place that was kept last, read consistently."""
        if (item := self._table.get(self._key)) is None:
            return Place()
        said = json.loads(item["place"]["S"])
        return Place(**said | {"left": tuple(said["left"])})

    def keep(self, place: Place) -> bool:
        """Keep a place that follows the one of the revision before; return False if another run kept one since.

        A transaction, and with a token of its own: sent again for a lost answer, it is not refused by itself.
        """
        texts = {"place": {"S": json.dumps(asdict(place))}, "revision": {"N": str(place.revision)}}
        put = {
            "Item": self._key | texts,
            "ConditionExpression": "attribute_not_exists(pk) OR revision = :before",
            "ExpressionAttributeValues": {":before": {"N": str(place.revision - 1)}},
        }
        return self._table.transact({"Put": put}, token=uuid.uuid4().hex) is None
