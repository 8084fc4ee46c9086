"""Budgets in the costs table, all of a tenant's in one item collection: `pk = <tenant>#BUDGETS`.

`sk = BUDGET#inference#month` is a budget, `ALERT#inference#2026-11#080` an alert, which ends by itself after its span.
"""

from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from vigil.aws.tables import Table
from vigil.money.budgets.model import Alert, Budget, Period, Plan, Scope

Item = dict[str, dict[str, Any]]
_KEPT = timedelta(days=40)
"""From the beginning of a span on: a month and more than a week, when nobody looks at it any more."""
Kept = TypeVar("Kept", Budget, Alert)


class DynamoBudgets:
    """The budgets and alerts of all tenants."""

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table, "The costs table")

    def plan(self, tenant_id: str) -> Plan:
        """Return a tenant's budgets by category and period, and its alerts of the last days; read consistently."""
        found = self._table.items(
            "query",
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": _pk(tenant_id)}},
            ConsistentRead=True,
        )
        items = list(found)
        budgets = (_read(Budget, item) for item in items if item["sk"]["S"].startswith("BUDGET#"))
        alerts = (_read(Alert, item) for item in items if item["sk"]["S"].startswith("ALERT#"))
        return Plan(tuple(budgets), tuple(alerts))

    def put(self, tenant_id: str, budget: Budget) -> bool:
        """Keep a budget in place of the one of its category and period, and say whether there was none."""
        item = _budget_key(tenant_id, budget.category, budget.period) | _item(budget)
        return "Attributes" not in self._table.call("put_item", Item=item, ReturnValues="ALL_OLD")

    def delete(self, tenant_id: str, category: Scope, period: Period) -> None:
        """Forget a budget, if there is one."""
        self._table.call("delete_item", Key=_budget_key(tenant_id, category, period))

    def open(self, tenant_id: str, alert: Alert) -> bool:
        """Keep an alert unless there is one of its name, and say whether it was kept."""
        ends = datetime.fromisoformat(f"{alert.span}-01"[:10]).replace(tzinfo=UTC) + _KEPT
        item = _alert_key(tenant_id, alert) | _item(alert) | {"expires_at": {"N": str(int(ends.timestamp()))}}
        return self._table.write_if("put_item", Item=item, ConditionExpression="attribute_not_exists(pk)")

    def take_over(self, tenant_id: str, alert: Alert, until: str) -> bool:
        """Lease a pending alert until a moment unless somebody else has since it was read; say whether that worked."""
        return self._table.write_if(
            "update_item",
            Key=_alert_key(tenant_id, alert),
            UpdateExpression="SET leased_until = :until",
            ConditionExpression="#state = :pending AND leased_until = :before",
            ExpressionAttributeNames={"#state": "state"},
            ExpressionAttributeValues={
                ":until": {"S": until},
                ":pending": {"S": "pending"},
                ":before": {"S": alert.leased_until},
            },
        )

    def sent(self, tenant_id: str, alert: Alert) -> None:
        """Note that an alert was told, if it is still there."""
        self._table.write_if(
            "update_item",
            Key=_alert_key(tenant_id, alert),
            UpdateExpression="SET #state = :sent",
            ConditionExpression="attribute_exists(pk)",
            ExpressionAttributeNames={"#state": "state"},
            ExpressionAttributeValues={":sent": {"S": "sent"}},
        )


def _pk(tenant_id: str) -> str:
    return f"{tenant_id}#BUDGETS"


def _budget_key(tenant_id: str, category: Scope, period: Period) -> Item:
    return {"pk": {"S": _pk(tenant_id)}, "sk": {"S": f"BUDGET#{category}#{period}"}}


def _alert_key(tenant_id: str, alert: Alert) -> Item:
    return {"pk": {"S": _pk(tenant_id)}, "sk": {"S": f"ALERT#{alert.category}#{alert.span}#{alert.threshold:04}"}}


def _item(value: Budget | Alert) -> Item:
    return {field.name: _typed(getattr(value, field.name)) for field in fields(value)}


def _typed(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int):
        return {"N": str(value)}
    if isinstance(value, tuple):
        return {"L": [_typed(each) for each in value]}
    return {"S": value}


def _plain(value: Mapping[str, Any]) -> Any:
    ((kind, content),) = value.items()
    if kind == "N":
        return int(content)
    return tuple(map(_plain, content)) if kind == "L" else content


def _read(kind: type[Kept], item: Item) -> Kept:
    return kind(**{field.name: _plain(item[field.name]) for field in fields(kind)})
