"""The chunks that became done on a day, in the list of the batches table: what a meter's audit counts again."""

from collections.abc import Iterator, Mapping
from typing import Any

from vigil.aws.tables import Table


class DoneChunks:
    """The list under `list_pk = <tenant>#DONE`, by the time at which they did."""

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table, "The batches table")

    def count(self, tenant_id: str, day: str) -> int:
        """Return how many rows with an answer they hold."""
        return sum(int(image["scored"]["N"]) for image in self.images(tenant_id, day))

    def images(self, tenant_id: str, day: str) -> Iterator[Mapping[str, Any]]:
        """Yield them in DynamoDB's JSON."""
        return self._table.items(
            "query",
            IndexName="by_tenant",
            KeyConditionExpression="list_pk = :done AND begins_with(list_sk, :day)",
            ExpressionAttributeValues={":done": {"S": f"{tenant_id}#DONE"}, ":day": {"S": day}},
        )
