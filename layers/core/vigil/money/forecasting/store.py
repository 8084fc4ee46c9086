"""Anomalies in the costs table; those of a tenant are one item collection: `pk = <tenant>#ANOMALIES`.

`sk = inference#000001` is the first anomaly of its category. An anomaly expires 400 days after it was found.
"""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from vigil.aws.tables import Table
from vigil.money.forecasting.model import Anomaly

Item = dict[str, dict[str, str]]
_LIFETIME = timedelta(days=400)


class DynamoAnomalies:
    """Anomalies of all tenants."""

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table, "The costs table")

    def list_all(self, tenant_id: str) -> Sequence[Anomaly]:
        """Return a tenant's anomalies of the last 400 days, in order of category and number; read consistently."""
        items = self._table.items(
            "query",
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": _pk(tenant_id)}},
            ConsistentRead=True,
        )
        return tuple(_read(item) for item in items)

    def add(self, tenant_id: str, anomaly: Anomaly) -> bool:
        """Store an anomaly; return False without a write if its category and number are taken."""
        ends = datetime.fromisoformat(anomaly.found_at) + _LIFETIME
        item = _key(tenant_id, anomaly) | _item(anomaly) | {"expires_at": {"N": str(int(ends.timestamp()))}}
        return self._table.write_if("put_item", Item=item, ConditionExpression="attribute_not_exists(pk)")

    def update(self, tenant_id: str, anomaly: Anomaly) -> None:
        """Store the last seen hour and the state of an anomaly, if it exists."""
        self._table.write_if(
            "update_item",
            Key=_key(tenant_id, anomaly),
            UpdateExpression="SET seen = :seen, #state = :state",
            ConditionExpression="attribute_exists(pk)",
            ExpressionAttributeNames={"#state": "state"},
            ExpressionAttributeValues={":seen": {"S": anomaly.seen}, ":state": {"S": anomaly.state}},
        )


def _pk(tenant_id: str) -> str:
    return f"{tenant_id}#ANOMALIES"


def _key(tenant_id: str, anomaly: Anomaly) -> Item:
    return {"pk": {"S": _pk(tenant_id)}, "sk": {"S": f"{anomaly.category}#{anomaly.number:06}"}}


def _item(anomaly: Anomaly) -> Item:
    values = {field.name: getattr(anomaly, field.name) for field in fields(anomaly)}
    return {name: {"N": str(value)} if isinstance(value, int) else {"S": value} for name, value in values.items()}


def _read(item: Item) -> Anomaly:
    values = {field.name: item[field.name] for field in fields(Anomaly)}
    return Anomaly(**{name: int(v["N"]) if "N" in v else v["S"] for name, v in values.items()})  # type: ignore[arg-type]
