"""Search and deletion of a tenant's items in DynamoDB tables, independent of their meaning."""

from collections.abc import Sequence
from typing import Any

from vigil.aws.tables import Table
from vigil.privacy.erasure.model import FoundKeys, Key

_TABLE = "A table"
_PAGE = 100
_SCAN_PAGE = 500
"""Items per page of a table scan. The keys of all of them fit into one item of the erasure store."""


class TenantItems:
    """A tenant's items in a table with string keys; subclasses define the search.

    If `starts_with_tenant` is true, keys start with the tenant id, and each key is checked before a deletion.
    """

    def __init__(
        self, client: Any, table: str, keys: Sequence[str] = ("pk", "sk"), *, starts_with_tenant: bool = True
    ) -> None:
        self._table = Table(client, table, _TABLE)
        self._keys = keys
        self._starts_with_tenant = starts_with_tenant

    def delete(self, tenant_id: str, keys: Sequence[Key]) -> None:
        """Delete the items of these keys; missing items are ignored. Raise ValueError for a key of another tenant."""
        if self._starts_with_tenant and any(key["pk"].partition("#")[0] != tenant_id for key in keys):
            raise ValueError("a key belongs to another tenant")
        self._table.delete_many([_typed(key) for key in keys])

    def _found(self, answer: Any) -> FoundKeys:
        keys = tuple({name: item[name]["S"] for name in self._keys} for item in answer["Items"])
        last = answer.get("LastEvaluatedKey")
        return FoundKeys(keys, {name: value["S"] for name, value in last.items()} if last else None)


class PartitionItems(TenantItems):
    """Items in one partition of the table or of an index: `prefix` and the tenant id."""

    def __init__(
        self,
        client: Any,
        table: str,
        keys: Sequence[str] = ("pk", "sk"),
        *,
        index: str | None = None,
        attribute: str = "pk",
        prefix: str = "",
        starts_with_tenant: bool = True,
    ) -> None:
        super().__init__(client, table, keys, starts_with_tenant=starts_with_tenant)
        self._attribute = attribute
        self._prefix = prefix
        # An index has no consistent reads; the later passes of an erasure find late items.
        self._where: dict[str, Any] = {"IndexName": index} if index else {"ConsistentRead": True}

    def find(self, tenant_id: str, after: Key | None) -> FoundKeys:
        """Return a page of the partition."""
        return self._found(
            self._table.call(
                "query",
                KeyConditionExpression="#partition = :partition",
                ProjectionExpression=", ".join(self._keys),
                ExpressionAttributeNames={"#partition": self._attribute},
                ExpressionAttributeValues={":partition": {"S": f"{self._prefix}{tenant_id}"}},
                Limit=_PAGE,
                **self._where,
                **({"ExclusiveStartKey": _typed(after)} if after else {}),
            )
        )


class ScannedItems(TenantItems):
    """Items without an index: a scan finds keys that start with `<tenant>#` or equal the tenant id."""

    def find(self, tenant_id: str, after: Key | None) -> FoundKeys:
        """Return the tenant's keys on the next page of the scan, read consistently."""
        return self._found(
            self._table.call(
                "scan",
                FilterExpression="pk = :tenant OR begins_with(pk, :prefix)",
                ProjectionExpression=", ".join(self._keys),
                ExpressionAttributeValues={":tenant": {"S": tenant_id}, ":prefix": {"S": f"{tenant_id}#"}},
                Limit=_SCAN_PAGE,
                ConsistentRead=True,
                **({"ExclusiveStartKey": _typed(after)} if after else {}),
            )
        )


def _typed(key: Key) -> dict[str, dict[str, str]]:
    return {name: {"S": text} for name, text in key.items()}
