"""Monthly quotas in the usage table: `pk = <tenant>#2026-11`, `sk = QUOTA` or `RESERVED#<id>`."""

import math
from collections.abc import Callable
from datetime import datetime
from typing import Any

from vigil.access.quota.model import QuotaReservation
from vigil.aws.tables import Table
from vigil.aws.transactions import Part, is_condition_failure
from vigil.errors import QuotaExceeded
from vigil.kernel.time import next_month_start

Key = dict[str, dict[str, str]]


class DynamoMonthlyQuota:
    """Predictions used and reserved per tenant and month; `used` never exceeds the limit of the charge."""

    def __init__(self, client: Any, table: str, clock: Callable[[], datetime]) -> None:
        self._table = Table(client, table, "The usage table")
        self._clock = clock

    def charge(self, tenant_id: str, month: str, rows: int, limit: int) -> Part:
        """Return the transaction part that charges `rows` predictions to a month if the limit allows them."""
        return {
            "Update": {
                "TableName": self._table.name,  # the transaction may be on another table
                "Key": _quota_key(tenant_id, month),
                "UpdateExpression": "ADD used :rows",
                # A comparison with the missing `used` of a new month is false, hence the second condition.
                "ConditionExpression": "used <= :remaining"
                + (" OR attribute_not_exists(used)" if rows <= limit else ""),
                "ExpressionAttributeValues": {":rows": {"N": str(rows)}, ":remaining": {"N": str(limit - rows)}},
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
        }

    def exceeded(self, month: str, limit: int, reason: Part) -> QuotaExceeded:
        """Return the error for a charge that DynamoDB rejected with this reason."""
        used = int(reason.get("Item", {}).get("used", {}).get("N", "0"))
        wait = math.ceil((next_month_start(month) - self._clock()).total_seconds())
        return QuotaExceeded(limit, max(limit - used, 0), max(wait, 1))

    def reserve(self, tenant_id: str, reservation: QuotaReservation, limit: int) -> None:
        """Reserve rows once per id; raise QuotaExceeded without writing if they do not all fit."""
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

    def find_reservation(self, tenant_id: str, reservation_id: str, month: str) -> QuotaReservation | None:
        """Return a reservation, released or not, read consistently; None if the id is unknown."""
        item = self._table.get(_reservation_key(tenant_id, QuotaReservation(month, reservation_id, 0)))
        return QuotaReservation(month, reservation_id, int(item["rows"]["N"])) if item else None

    def release(self, tenant_id: str, reservation: QuotaReservation, unused: int) -> None:
        """Return the unused rows of a reservation to the quota once; no effect if the reservation is unknown."""
        settle = {
            "Update": {
                "Key": _reservation_key(tenant_id, reservation),
                "UpdateExpression": "SET released = :unused",
                "ConditionExpression": "attribute_not_exists(released) AND #rows >= :unused",
                "ExpressionAttributeNames": {"#rows": "rows"},
                "ExpressionAttributeValues": {":unused": {"N": str(unused)}},
            }
        }
        return_unused = {
            "Update": {
                "Key": _quota_key(tenant_id, reservation.month),
                "UpdateExpression": "ADD used :back",
                "ExpressionAttributeValues": {":back": {"N": str(-unused)}},
            }
        }
        self._table.transact(settle, return_unused)


def _quota_key(tenant_id: str, month: str) -> Key:
    return {"pk": {"S": f"{tenant_id}#{month}"}, "sk": {"S": "QUOTA"}}


def _reservation_key(tenant_id: str, reservation: QuotaReservation) -> Key:
    return {"pk": {"S": f"{tenant_id}#{reservation.month}"}, "sk": {"S": f"RESERVED#{reservation.reservation_id}"}}
