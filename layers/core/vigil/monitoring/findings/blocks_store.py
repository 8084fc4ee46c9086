"""Open findings about groups in the index `by_block`, over all tenants: they block promotions of their model."""

from typing import Any

from vigil.aws.tables import Table


class DynamoPromotionBlocks:
    """Reader of the findings that block promotions. A decision of the last second can be missing."""

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table, "The monitoring table")

    def blocking(self, model: str) -> str | None:
        """Return a sentence that names an open finding about a group, its tenant and the remedy; None without one.

        The findings of all tenants block. Raises Unavailable.
        """
        found = self._table.call(
            "query",
            IndexName="by_block",
            KeyConditionExpression="block_pk = :model",
            ExpressionAttributeValues={":model": {"S": model}},
            Limit=1,
        )
        for item in found["Items"]:
            tenant_id, finding_id = item["pk"]["S"].partition("#")[0], item["sk"]["S"].rpartition("#")[2]
            return (
                f"finding {finding_id} of the tenant {tenant_id} about a group is open. Decide with a key of this "
                f"tenant: vigil models acknowledge {model} {finding_id} --reason TEXT"
            )
        return None
