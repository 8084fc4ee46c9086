"""How far the rounds came, in the costs table: `pk = ROUNDS`, `sk = LAST`. It is of no tenant."""

from typing import Any

from vigil.platform.tables import Table

_KEY = {"pk": {"S": "ROUNDS"}, "sk": {"S": "LAST"}}


class DynamoPlaces:
    """One item."""

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table, "The costs table")

    def last(self) -> str:
        """Return the tenant that was looked at last; empty before the first."""
        item = self._table.get(_KEY)
        return str(item["tenant_id"]["S"]) if item else ""

    def keep(self, tenant_id: str) -> None:
        """Note the tenant that was looked at last."""
        self._table.call("put_item", Item=_KEY | {"tenant_id": {"S": tenant_id}})
