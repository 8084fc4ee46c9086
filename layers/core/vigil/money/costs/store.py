"""Statements and adjustments in DynamoDB. A month of a tenant is one item collection, `pk = <tenant>#2026-11`:

`STATEMENT` exists once the month is closed. `ADJUSTED` is the sum of all later adjustments of this month.
`BOOKED#2026-10#0001` is the first adjustment of another month, booked in this one.
"""

import json
from collections.abc import Iterable
from dataclasses import astuple
from decimal import Decimal
from typing import Any

from vigil.aws.tables import Table
from vigil.aws.transactions import Part
from vigil.money.costs.model import Adjustment, CostLine, CostStatement, merge_lines

_ABSENT = "attribute_not_exists(pk)"


class DynamoStatements:
    """Statements and adjustments of all tenants."""

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table, "The costs table")

    def statement(self, tenant_id: str, month: str) -> CostStatement | None:
        """Return the statement of a month, or None if the month is still open. The read is consistent."""
        item = self._table.get(_key(tenant_id, month, "STATEMENT"))
        return CostStatement(month, _lines(item), item["closed_at"]["S"]) if item else None

    def close(self, tenant_id: str, statement: CostStatement) -> bool:
        """Store the statement of a month; return False without a write if the month has one."""
        item = _key(tenant_id, statement.month, "STATEMENT") | _text(statement.lines)
        item |= {"closed_at": {"S": str(statement.closed_at)}}
        return self._table.write_if("put_item", Item=item, ConditionExpression=_ABSENT)

    def adjustments_booked_in(self, tenant_id: str, month: str) -> tuple[CostLine, ...]:
        """Return the adjustments that were booked in a month, read consistently."""
        items = self._table.items(
            "query",
            KeyConditionExpression="pk = :pk AND begins_with(sk, :booked)",
            ExpressionAttributeValues={":pk": {"S": f"{tenant_id}#{month}"}, ":booked": {"S": "BOOKED#"}},
            ConsistentRead=True,
        )
        return merge_lines(line for item in items for line in _lines(item))

    def adjustment_total(self, tenant_id: str, month: str) -> Adjustment | None:
        """Return the sum of all adjustments of a closed month, with the number of the last one; read consistently."""
        item = self._table.get(_key(tenant_id, month, "ADJUSTED"))
        return Adjustment(month, int(item["last"]["N"]), _lines(item)) if item else None

    def book_adjustment(self, tenant_id: str, adjustment: Adjustment, booked_in: str) -> bool:
        """Book an adjustment and add it to the sum of the adjusted month, in one transaction.

        Returns False, without a write, if its number is taken or the month `booked_in` is closed.
        """
        number, month = adjustment.number, adjustment.month
        before = self.adjustment_total(tenant_id, month)
        if (before.number if before else 0) != number - 1:
            return False
        lines = merge_lines([*(before.lines if before else ()), *adjustment.lines])
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


def _text(lines: Iterable[CostLine]) -> Part:
    # A quantity with decimals has fewer than 15 digits, so its float is written with the same digits.
    return {"lines": {"S": json.dumps([astuple(line) for line in lines], separators=(",", ":"), default=float)}}


def _lines(item: Part) -> tuple[CostLine, ...]:
    return tuple(CostLine(*values) for values in json.loads(item["lines"]["S"], parse_float=Decimal))
