"""Statements and adjustments in DynamoDB, a month of a tenant in one item collection, `pk = <tenant>#2026-11`:

`STATEMENT` once it is closed; `ADJUSTED` the sum of what was adjusted of it since; `BOOKED#2026-10#0001` the first
adjustment of another month, booked in this one.
"""

import json
from collections.abc import Iterable
from dataclasses import astuple
from typing import Any

from vigil.aws.tables import Table
from vigil.aws.transactions import Part
from vigil.money.costs.model import Adjustment, Line, Statement, merged

_ABSENT = "attribute_not_exists(pk)"


class DynamoStatements:
    """What is stated of the months of all tenants."""

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table, "The costs table")

    def statement(self, tenant_id: str, month: str) -> Statement | None:
        """Return the statement of a month, None while it is open; read consistently."""
        item = self._table.get(_key(tenant_id, month, "STATEMENT"))
        return Statement(month, _lines(item), item["closed_at"]["S"]) if item else None

    def close(self, tenant_id: str, statement: Statement) -> bool:
        """Keep a statement unless its month has one, and say whether it was kept."""
        item = _key(tenant_id, statement.month, "STATEMENT") | _text(statement.lines)
        item |= {"closed_at": {"S": str(statement.closed_at)}}
        return self._table.write_if("put_item", Item=item, ConditionExpression=_ABSENT)

    def booked(self, tenant_id: str, month: str) -> tuple[Line, ...]:
        """Return the adjustments that were booked in a month, read consistently."""
        items = self._table.items(
            "query",
            KeyConditionExpression="pk = :pk AND begins_with(sk, :booked)",
            ExpressionAttributeValues={":pk": {"S": f"{tenant_id}#{month}"}, ":booked": {"S": "BOOKED#"}},
            ConsistentRead=True,
        )
        return merged(line for item in items for line in _lines(item))

    def adjusted(self, tenant_id: str, month: str) -> Adjustment | None:
        """Return all adjustments of a closed month as one sum, with the number of the last; read consistently."""
        item = self._table.get(_key(tenant_id, month, "ADJUSTED"))
        return Adjustment(month, int(item["last"]["N"]), _lines(item)) if item else None

    def adjust(self, tenant_id: str, adjustment: Adjustment, booked_in: str) -> bool:
        """Book an adjustment and add it to those of its month, in one transaction that a closed month refuses."""
        number, month = adjustment.number, adjustment.month
        before = self.adjusted(tenant_id, month)
        if (before.number if before else 0) != number - 1:
            return False
        lines = merged([*(before.lines if before else ()), *adjustment.lines])
        booked = _key(tenant_id, booked_in, f"BOOKED#{month}#{number:04}") | _text(adjustment.lines)
        total = _key(tenant_id, month, "ADJUSTED") | _text(lines) | {"last": {"N": str(number)}}
        follows: Part = {
            "ConditionExpression": "#last = :before",
            "ExpressionAttributeNames": {"#last": "last"},
            "ExpressionAttributeValues": {":before": {"N": str(number - 1)}},
        }
        is_open = {"Key": _key(tenant_id, booked_in, "STATEMENT"), "ConditionExpression": _ABSENT}
        reasons = self._table.transact(
            {"Put": {"Item": booked, "ConditionExpression": _ABSENT}},
            {"Put": {"Item": total, **(follows if before else {"ConditionExpression": _ABSENT})}},
            {"ConditionCheck": is_open},
        )
        return reasons is None


def _key(tenant_id: str, month: str, sk: str) -> Part:
    return {"pk": {"S": f"{tenant_id}#{month}"}, "sk": {"S": sk}}


def _text(lines: Iterable[Line]) -> Part:
    return {"lines": {"S": json.dumps([astuple(line) for line in lines], separators=(",", ":"))}}


def _lines(item: Part) -> tuple[Line, ...]:
    return tuple(Line(*values) for values in json.loads(item["lines"]["S"]))
