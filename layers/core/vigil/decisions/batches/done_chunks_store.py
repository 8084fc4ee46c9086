"""Finished chunks of a day, for the audit of usage counters."""

from collections.abc import Iterator, Mapping
from typing import Any

from vigil.aws.tables import Table


class DoneChunks:
    """Finished chunks of a tenant by completion time (`list_pk = <tenant>#DONE`)."""

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table, "The batches table")

    def count(self, tenant_id: str, day: str) -> int:
        """Return the number of answered rows in the chunks that finished on a day."""
        return sum(int(image["scored"]["N"]) for image in self.images(tenant_id, day))

    def images(self, tenant_id: str, day: str) -> Iterator[Mapping[str, Any]]:
        """Yield the items of the chunks that finished on a day, as DynamoDB JSON."""
        return self._table.items(
            "query",
            IndexName="by_tenant",
            KeyConditionExpression="list_pk = :done AND begins_with(list_sk, :day)",
            ExpressionAttributeValues={":done": {"S": f"{tenant_id}#DONE"}, ":day": {"S": day}},
        )
