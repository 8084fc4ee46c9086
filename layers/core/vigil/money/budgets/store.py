"""Budgets in the costs table; those of a tenant are one item collection: `pk = <tenant>#BUDGETS`.

`sk = BUDGET#inference#month` is a budget, `ALERT#inference#2026-11#0080` an alert, which expires after its span.
"""

from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from vigil.aws.tables import Table
from vigil.money.budgets.model import Budget, BudgetAlert, BudgetPeriod, BudgetPlan
from vigil.money.costs.model import SpendScope

Item = dict[str, dict[str, Any]]
_ALERT_LIFETIME = timedelta(days=40)
"""Lifetime of an alert from the start of its span: a month and more than a week, after which no check reads it."""
Record = TypeVar("Record", Budget, BudgetAlert)


class DynamoBudgets:
    """Budgets and alerts of all tenants."""

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table, "The costs table")

    def plan(self, tenant_id: str) -> BudgetPlan:
        """Return a tenant's budgets in order of category and period, and its recent alerts; read consistently."""
        found = self._table.items(
            "query",
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": _pk(tenant_id)}},
            ConsistentRead=True,
        )
        items = list(found)
        budgets = (_read(Budget, item) for item in items if item["sk"]["S"].startswith("BUDGET#"))
        alerts = (_read(BudgetAlert, item) for item in items if item["sk"]["S"].startswith("ALERT#"))
        return BudgetPlan(tuple(budgets), tuple(alerts))

    def put(self, tenant_id: str, budget: Budget) -> bool:
        """Store a budget, replacing the one of its category and period; return True if there was none."""
        item = _budget_key(tenant_id, budget.category, budget.period) | _item(budget)
        return "Attributes" not in self._table.call("put_item", Item=item, ReturnValues="ALL_OLD")

    def delete(self, tenant_id: str, category: SpendScope, period: BudgetPeriod) -> None:
        """Delete a budget, if it exists."""
        self._table.call("delete_item", Key=_budget_key(tenant_id, category, period))

    def add_alert(self, tenant_id: str, alert: BudgetAlert) -> bool:
        """Store an alert; return False without a write if an alert with its key exists."""
        ends = datetime.fromisoformat(f"{alert.span}-01"[:10]).replace(tzinfo=UTC) + _ALERT_LIFETIME
        item = _alert_key(tenant_id, alert) | _item(alert) | {"expires_at": {"N": str(int(ends.timestamp()))}}
        return self._table.write_if("put_item", Item=item, ConditionExpression="attribute_not_exists(pk)")

    def claim_alert(self, tenant_id: str, alert: BudgetAlert, until: str) -> bool:
        """Lease a pending alert until a time; return False if its lease has changed since it was read."""
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

    def mark_sent(self, tenant_id: str, alert: BudgetAlert) -> None:
        """Mark an alert as published, if it exists."""
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


def _budget_key(tenant_id: str, category: SpendScope, period: BudgetPeriod) -> Item:
    return {"pk": {"S": _pk(tenant_id)}, "sk": {"S": f"BUDGET#{category}#{period}"}}


def _alert_key(tenant_id: str, alert: BudgetAlert) -> Item:
    return {"pk": {"S": _pk(tenant_id)}, "sk": {"S": f"ALERT#{alert.category}#{alert.span}#{alert.threshold:04}"}}


def _item(value: Budget | BudgetAlert) -> Item:
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


def _read(kind: type[Record], item: Item) -> Record:
    return kind(**{field.name: _plain(item[field.name]) for field in fields(kind)})
