"""How far the rounds came, in the costs table: `pk = ROUNDS`, `sk = LAST`. It is of no tenant."""

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from vigil.errors import Unavailable

_KEY = {"pk": {"S": "ROUNDS"}, "sk": {"S": "LAST"}}


class DynamoPlaces:
    """One item."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def last(self) -> str:
        """Return the tenant that was looked at last; empty before the first."""
        item = self._call("get_item", Key=_KEY, ConsistentRead=True).get("Item")
        return str(item["tenant_id"]["S"]) if item else ""

    def keep(self, tenant_id: str) -> None:
        """Note the tenant that was looked at last."""
        self._call("put_item", Item=_KEY | {"tenant_id": {"S": tenant_id}})

    def _call(self, operation: str, **arguments: Any) -> Any:
        try:
            return getattr(self._client, operation)(TableName=self._table, **arguments)
        except (BotoCoreError, ClientError) as error:
            raise Unavailable("The costs table did not answer.") from error
