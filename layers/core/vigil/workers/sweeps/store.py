"""Checkpoints of sweeps in a table of the job's function: `pk = ROUNDS`, `sk = <job>`. They belong to no tenant."""

import json
import uuid
from typing import Any

from vigil.aws.tables import Table
from vigil.workers.sweeps.model import Checkpoint

_FIELDS = {
    "name": "name",
    "begun_at": "started_at",
    "after": "after",
    "left": "pending_retries",
    "lost": "lost",
    "over": "is_finished",
    "revision": "revision",
}
"""Stored names of the fields of a checkpoint."""


class DynamoCheckpointStore:
    """The checkpoint of one job, as one item."""

    def __init__(self, client: Any, table: str, job: str) -> None:
        self._table = Table(client, table, "The table of sweep checkpoints")
        self._key = {"pk": {"S": "ROUNDS"}, "sk": {"S": job}}

    def load(self) -> Checkpoint:
        """Return the last saved checkpoint, read consistently."""
        if (item := self._table.get(self._key)) is None:
            return Checkpoint()
        stored = json.loads(item["place"]["S"])
        values = {field: stored[name] for name, field in _FIELDS.items()}
        return Checkpoint(**values | {"pending_retries": tuple(values["pending_retries"])})

    def save(self, checkpoint: Checkpoint) -> bool:
        """Save the successor of the last checkpoint. Return False if another run has saved one since.

        The write is a transaction with its own token, so that a repeated request does not conflict with itself.
        """
        stored = {name: getattr(checkpoint, field) for name, field in _FIELDS.items()}
        attributes = {"place": {"S": json.dumps(stored)}, "revision": {"N": str(checkpoint.revision)}}
        put = {
            "Item": self._key | attributes,
            "ConditionExpression": "attribute_not_exists(pk) OR revision = :before",
            "ExpressionAttributeValues": {":before": {"N": str(checkpoint.revision - 1)}},
        }
        return self._table.transact({"Put": put}, token=uuid.uuid4().hex) is None
