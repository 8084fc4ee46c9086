"""Quotas in the usage table: `pk = <tenant>#2026-11`, `sk = QUOTA` or `RESERVED#<id>`."""

import math
from collections.abc import Callable
from datetime import datetime
from typing import Any

from vigil.access.quota.model import Reservation
from vigil.aws.tables import Table
from vigil.aws.transactions import Part, is_condition_failure
from vigil.errors import QuotaExceeded
from vigil.kernel.time import next_month_start

Key = dict[str, dict[str, str]]


class DynamoQuota:
    """What tenants have taken from their months: `used` never passes the limit that it was taken under."""

    def __init__(self, client: Any, table: str, clock: Callable[[], datetime]) -> None:
        self._table = Table(client, table, "The usage table")
        self._clock = clock

    def charge(self, tenant_id: str, month: str, rows: int, limit: int) -> Part:
        """Return the part of a transaction that takes so many predictions of a month if they are left."""
        return {
            "Update": {
                "TableName": self._table.name,  # the transaction may be of another table
                "Key": _quota_key(tenant_id, month),
                "UpdateExpression": "ADD used :rows",
                # An absent `used` is not below anything, though the month is empty.
                "ConditionExpression": "used <= :room" + (" OR attribute_not_exists(used)" if rows <= limit else ""),
                "ExpressionAttributeValues": {":rows": {"N": str(rows)}, ":room": {"N": str(limit - rows)}},
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
        }

    def exceeded(self, month: str, limit: int, reason: Part) -> QuotaExceeded:
        """Return the error of a charge that was refused for this reason."""
        used = int(reason.get("Item", {}).get("used", {}).get("N", "0"))
        wait = math.ceil((next_month_start(month) - self._clock()).total_seconds())
        return QuotaExceeded(limit, max(limit - used, 0), max(wait, 1))

    def reserve(self, tenant_id: str, reservation: Reservation, limit: int) -> None:
        """Set rows aside unless that was done before; raise QuotaExceeded, and write nothing, if not all fit."""
        key = _reservation_key(tenant_id, reservation)
        put = {
            "Put": {
                "Item": {**key, "rows": {"N": str(reservation.rows)}},
                "ConditionExpression": "attribute_not_exists(pk)",
            }
        }
        reasons = self._table.transact(put, self.charge(tenant_id, reservation.month, reservation.rows, limit))
        if reasons is not None and not is_condition_failure(reasons[0]):
            raise self.exceeded(reservation.month, limit, reasons[1])

    def reserved(self, tenant_id: str, reservation_id: str, month: str) -> Reservation | None:
        """Return what is set aside under an id, or was, read consistently."""
        item = self._table.get(_reservation_key(tenant_id, Reservation(month, reservation_id, 0)))
        return Reservation(month, reservation_id, int(item["rows"]["N"])) if item else None

    def release(self, tenant_id: str, reservation: Reservation, unused: int) -> None:
        """Give back what a reservation did not use, once; nothing where there is no such reservation."""
        settle = {
            "Update": {
                "Key": _reservation_key(tenant_id, reservation),
                "UpdateExpression": "SET released = :unused",
                "ConditionExpression": "attribute_not_exists(released) AND #rows >= :unused",
                "ExpressionAttributeNames": {"#rows": "rows"},
                "ExpressionAttributeValues": {":unused": {"N": str(unused)}},
            }
        }
        give_back = {
            "Update": {
                "Key": _quota_key(tenant_id, reservation.month),
                "UpdateExpression": "ADD used :back",
                "ExpressionAttributeValues": {":back": {"N": str(-unused)}},
            }
        }
        self._table.transact(settle, give_back)


def _quota_key(tenant_id: str, month: str) -> Key:
    return {"pk": {"S": f"{tenant_id}#{month}"}, "sk": {"S": "QUOTA"}}


def _reservation_key(tenant_id: str, reservation: Reservation) -> Key:
    return {"pk": {"S": f"{tenant_id}#{reservation.month}"}, "sk": {"S": f"RESERVED#{reservation.reservation_id}"}}
