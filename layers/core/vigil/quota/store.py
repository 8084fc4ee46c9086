"""Quotas in the usage table: `pk = <tenant>#2026-11`, `sk = QUOTA` or `RESERVED#<id>`."""

import math
from collections.abc import Callable
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from vigil.errors import QuotaExceeded, Unavailable
from vigil.platform.transactions import Part, name, refused, transact
from vigil.quota.model import Reservation, resets_at

Key = dict[str, dict[str, str]]


class DynamoQuota:
    """What tenants have taken from their months: `used` never passes the limit that it was taken under."""

    def __init__(self, client: Any, table: str, clock: Callable[[], datetime]) -> None:
        self._client = client
        self._table = table
        self._clock = clock

    def charge(self, tenant_id: str, month: str, rows: int, limit: int) -> Part:
        """Return the part of a transaction that takes so many predictions of a month if they are left."""
        return {
            "Update": {
                "TableName": self._table,
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
        wait = math.ceil((resets_at(month) - self._clock()).total_seconds())
        return QuotaExceeded(limit, max(limit - used, 0), max(wait, 1))

    def reserve(self, tenant_id: str, reservation: Reservation, limit: int) -> None:
        """Set rows aside unless that was done before; raise QuotaExceeded, and write nothing, if not all fit."""
        key = _reservation_key(tenant_id, reservation)
        put = {
            "Put": {
                "TableName": self._table,
                "Item": {**key, "rows": {"N": str(reservation.rows)}},
                "ConditionExpression": "attribute_not_exists(pk)",
            }
        }
        parts = [put, self.charge(tenant_id, reservation.month, reservation.rows, limit)]
        reasons = transact(self._client, name(parts), parts)
        if reasons is not None and not refused(reasons[0]):
            raise self.exceeded(reservation.month, limit, reasons[1])

    def reserved(self, tenant_id: str, reservation_id: str, month: str) -> Reservation | None:
        """Return what is set aside under an id, or was, read consistently."""
        key = _reservation_key(tenant_id, Reservation(month, reservation_id, 0))
        try:
            item = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item")
        except (BotoCoreError, ClientError) as error:
            raise Unavailable("The usage table did not answer.") from error
        return Reservation(month, reservation_id, int(item["rows"]["N"])) if item else None

    def release(self, tenant_id: str, reservation: Reservation, unused: int) -> None:
        """Give back what a reservation did not use, once; nothing where there is no such reservation."""
        settle = {
            "Update": {
                "TableName": self._table,
                "Key": _reservation_key(tenant_id, reservation),
                "UpdateExpression": "SET released = :unused",
                "ConditionExpression": "attribute_not_exists(released) AND #rows >= :unused",
                "ExpressionAttributeNames": {"#rows": "rows"},
                "ExpressionAttributeValues": {":unused": {"N": str(unused)}},
            }
        }
        give_back = {
            "Update": {
                "TableName": self._table,
                "Key": _quota_key(tenant_id, reservation.month),
                "UpdateExpression": "ADD used :back",
                "ExpressionAttributeValues": {":back": {"N": str(-unused)}},
            }
        }
        parts = [settle, give_back]
        transact(self._client, name(parts), parts)


def _quota_key(tenant_id: str, month: str) -> Key:
    return {"pk": {"S": f"{tenant_id}#{month}"}, "sk": {"S": "QUOTA"}}


def _reservation_key(tenant_id: str, reservation: Reservation) -> Key:
    return {"pk": {"S": f"{tenant_id}#{reservation.month}"}, "sk": {"S": f"RESERVED#{reservation.reservation_id}"}}
