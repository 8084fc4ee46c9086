"""What tables keep of a tenant, found and deleted the same way whatever it means."""

from collections.abc import Sequence
from typing import Any

from vigil.aws.tables import Table
from vigil.privacy.erasure.model import Found, Key

_TABLE = "A table"
_PAGE = 100
_LOOK = 500
"""Items looked at in one page of a whole table; their keys fit into one item of the books, be they all the tenant's."""


class TableContents:
    """The items of a table whose keys are strings. Each subclass knows one way to a tenant's.

    `led` says that a tenant's keys begin with its id, which is then looked at once more before anything is deleted.
    """

    def __init__(self, client: Any, table: str, keys: Sequence[str] = ("pk", "sk"), *, led: bool = True) -> None:
        self._table = Table(client, table, _TABLE)
        self._keys = keys
        self._led = led

    def delete(self, tenant_id: str, keys: Sequence[Key]) -> None:
        """Delete what keys name; what is gone already is no error. Raises ValueError for a key of another tenant's."""
        if self._led and any(key["pk"].partition("#")[0] != tenant_id for key in keys):
            raise ValueError("a key is not the tenant's")
        self._table.delete_many([_typed(key) for key in keys])

    def _found(self, answer: Any) -> Found:
        keys = tuple({name: item[name]["S"] for name in self._keys} for item in answer["Items"])
        last = answer.get("LastEvaluatedKey")
        return Found(keys, {name: value["S"] for name, value in last.items()} if last else None)


class Listed(TableContents):
    """What stands in one partition of the table or of an index: `prefix` and the tenant's id."""

    def __init__(
        self,
        client: Any,
        table: str,
        keys: Sequence[str] = ("pk", "sk"),
        *,
        index: str | None = None,
        attribute: str = "pk",
        prefix: str = "",
        led: bool = True,
    ) -> None:
        super().__init__(client, table, keys, led=led)
        self._attribute = attribute
        self._prefix = prefix
        # An index cannot be read consistently; the passes of an erasure make up for it.
        self._where: dict[str, Any] = {"IndexName": index} if index else {"ConsistentRead": True}

    def find(self, tenant_id: str, after: Key | None) -> Found:
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


class Scattered(TableContents):
    """What no list leads to: every item of the table is looked at whose key begins with `<tenant>#`, or is the id."""

    def find(self, tenant_id: str, after: Key | None) -> Found:
        """Return which of the next items are the tenant's, read consistently."""
        return self._found(
            self._table.call(
                "scan",
                FilterExpression="pk = :tenant OR begins_with(pk, :led)",
                ProjectionExpression=", ".join(self._keys),
                ExpressionAttributeValues={":tenant": {"S": tenant_id}, ":led": {"S": f"{tenant_id}#"}},
                Limit=_LOOK,
                ConsistentRead=True,
                **({"ExclusiveStartKey": _typed(after)} if after else {}),
            )
        )


def _typed(key: Key) -> dict[str, dict[str, str]]:
    return {name: {"S": text} for name, text in key.items()}
