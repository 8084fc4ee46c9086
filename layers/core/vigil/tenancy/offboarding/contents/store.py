"""What tables keep of a tenant, found and deleted the same way whatever it means."""

from collections.abc import Sequence
from itertools import batched
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from vigil.errors import Unavailable
from vigil.tenancy.offboarding.model import Found, Key

_PAGE = 100
_BATCH = 25
"""The most that one BatchWriteItem takes."""
_TRIES = 8


class TableContents:
    """The items of a table whose keys are strings. Each subclass knows one way to a tenant's."""

    def __init__(self, client: Any, table: str, keys: Sequence[str] = ("pk", "sk")) -> None:
        self._client = client
        self._table = table
        self._keys = keys

    def delete(self, tenant_id: str, keys: Sequence[Key]) -> None:
        """Delete what keys name; what is gone already is no error."""
        for batch in batched(keys, _BATCH):
            left = {self._table: [{"DeleteRequest": {"Key": _typed(key)}} for key in batch]}
            for _ in range(_TRIES):
                left = self._call(self._client.batch_write_item, RequestItems=left).get("UnprocessedItems") or {}
                if not left:
                    break
            else:
                raise Unavailable("The table did not delete every item.")

    def _found(self, answer: Any) -> Found:
        keys = tuple({name: item[name]["S"] for name in self._keys} for item in answer["Items"])
        last = answer.get("LastEvaluatedKey")
        return Found(keys, {name: value["S"] for name, value in last.items()} if last else None)

    @staticmethod
    def _call(operation: Any, **arguments: Any) -> Any:
        try:
            return operation(**arguments)
        except (BotoCoreError, ClientError) as error:
            raise Unavailable("A table did not answer.") from error


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
    ) -> None:
        super().__init__(client, table, keys)
        self._attribute = attribute
        self._prefix = prefix
        # An index cannot be read consistently; the passes of an erasure make up for it.
        self._where: dict[str, Any] = {"IndexName": index} if index else {"ConsistentRead": True}

    def find(self, tenant_id: str, after: Key | None) -> Found:
        """Return a page of the partition."""
        return self._found(
            self._call(
                self._client.query,
                TableName=self._table,
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
        """Return what some hundred items, the tenant's or not, hold of the tenant's, read consistently."""
        return self._found(
            self._call(
                self._client.scan,
                TableName=self._table,
                FilterExpression="pk = :tenant OR begins_with(pk, :led)",
                ProjectionExpression=", ".join(self._keys),
                ExpressionAttributeValues={":tenant": {"S": tenant_id}, ":led": {"S": f"{tenant_id}#"}},
                ConsistentRead=True,
                **({"ExclusiveStartKey": _typed(after)} if after else {}),
            )
        )


def _typed(key: Key) -> dict[str, dict[str, str]]:
    return {name: {"S": text} for name, text in key.items()}
