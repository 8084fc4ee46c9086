"""Spend under hard limits in the usage table: `pk = <tenant>#2026-11`, `sk = SPENT` or `SPENT#<reservation>`.

`SPENT` counts the spend of a month and of each of its days (`total_month`, `total_day_21`). Each counter is one number,
because a condition cannot add: the reservations of predictions plus the unreserved spend (`beside_total_month`).
"""

import math
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from vigil.aws.tables import Table
from vigil.aws.transactions import Part, is_condition_failure
from vigil.errors import BudgetExhausted
from vigil.kernel.money import SPEND_COUNTERS, SpendCounter, SpendLimit, SpendReservation
from vigil.kernel.time import next_month_start
from vigil.money.budgets.model import SpendTally

Key = dict[str, dict[str, str]]


class DynamoHardLimits:
    """Store of the spend that counts against the hard limits of tenants.

    A prediction is made only if the spend, with its own price, stays within the limit of that moment.
    """

    def __init__(self, client: Any, table: str, clock: Callable[[], datetime]) -> None:
        self._table = Table(client, table, "The usage table")
        self._clock = clock

    def reservation_part(self, tenant_id: str, moment: str, micros: int, limit: SpendLimit) -> Part:
        """Return the part of a transaction that reserves micros if every limit leaves enough."""
        conditions, values = [], {":micros": _n(micros)}
        for counter, most in limit.limits():
            attribute = _attribute(counter, moment)
            # A comparison with an absent counter is false, although its spend is 0.
            empty = f" OR attribute_not_exists({attribute})" if micros <= most else ""
            conditions.append(f"({attribute} <= :{counter}{empty})")
            values[f":{counter}"] = _n(most - micros)
        add = self._add(tenant_id, moment, values)
        add["Update"] |= {
            "ConditionExpression": " AND ".join(conditions),
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        return add

    def exhausted_error(self, moment: str, micros: int, limit: SpendLimit, reason: Part) -> BudgetExhausted:
        """Return the error of a refused reservation; it names the limit that leaves the least."""
        item = reason.get("Item", {})
        left = {counter: most - _number(item, _attribute(counter, moment)) for counter, most in limit.limits()}
        counter = min(left, key=lambda counter: left[counter])
        category, _, period = counter.partition("_")
        wait = math.ceil((_ends_at(period, moment) - self._clock()).total_seconds())
        return BudgetExhausted(f"{category}/{period}", max(left[counter], 0), micros, max(wait, 1))

    def reserve(self, tenant_id: str, reservation: SpendReservation, limit: SpendLimit) -> None:
        """Reserve micros; a repeated reservation has no effect.

        Raises BudgetExhausted, without a write, if a limit does not leave enough.
        """
        put = {
            "Put": {
                "Item": {
                    **_key(tenant_id, reservation.moment, reservation.reservation_id),
                    "micros": _n(reservation.micros),
                },
                "ConditionExpression": "attribute_not_exists(pk)",
            }
        }
        reasons = self._table.transact(
            put, self.reservation_part(tenant_id, reservation.moment, reservation.micros, limit)
        )
        if reasons is not None and not is_condition_failure(reasons[0]):
            raise self.exhausted_error(reservation.moment, reservation.micros, limit, reasons[1])

    def get_reservation(self, tenant_id: str, reservation_id: str, moment: str) -> SpendReservation | None:
        """Return a reservation, released or not, or None if it does not exist; read consistently."""
        item = self._table.get(_key(tenant_id, moment, reservation_id))
        return SpendReservation(reservation_id, moment, _number(item, "micros")) if item else None

    def release(self, tenant_id: str, reservation: SpendReservation, unused: int) -> None:
        """Release the unused micros of a reservation, once; no effect if the reservation does not exist."""
        if not unused:
            return
        settle = {
            "Update": {
                "Key": _key(tenant_id, reservation.moment, reservation.reservation_id),
                "UpdateExpression": "SET released = :unused",
                "ConditionExpression": "attribute_not_exists(released) AND micros >= :unused",
                "ExpressionAttributeValues": {":unused": _n(unused)},
            }
        }
        self._table.transact(settle, self._add(tenant_id, reservation.moment, {":micros": _n(-unused)}))

    def read_tally(self, tenant_id: str, day: str) -> SpendTally:
        """Return the spend of a day (`2026-11-21`) and its month, read consistently."""
        item = self._table.get(_key(tenant_id, day)) or {}
        names = {counter: _attribute(counter, day) for counter in SPEND_COUNTERS}
        return SpendTally(
            day=day,
            used={counter: _number(item, attribute) for counter, attribute in names.items()},
            unreserved={counter: _number(item, f"beside_{attribute}") for counter, attribute in names.items()},
        )

    def set_unreserved(self, tenant_id: str, seen: SpendTally, unreserved: Mapping[SpendCounter, int]) -> bool:
        """Replace the spend that was not reserved; return False without a write if it has changed since `seen`."""
        conditions: list[str] = []
        values: dict[str, dict[str, str]] = {}
        for counter in SPEND_COUNTERS:
            attribute, before = f"beside_{_attribute(counter, seen.day)}", seen.unreserved[counter]
            absent = f" OR attribute_not_exists({attribute})" if before == 0 else ""
            conditions.append(f"({attribute} = :before_{counter}{absent})")
            values |= {f":before_{counter}": _n(before), f":more_{counter}": _n(unreserved[counter] - before)}
        names = {counter: _attribute(counter, seen.day) for counter in SPEND_COUNTERS}
        sums = (f"{name} :more_{counter}, beside_{name} :more_{counter}" for counter, name in names.items())
        return self._table.write_if(
            "update_item",
            Key=_key(tenant_id, seen.day),
            UpdateExpression=f"ADD {', '.join(sums)}",
            ConditionExpression=" AND ".join(conditions),
            ExpressionAttributeValues=values,
        )

    def _add(self, tenant_id: str, moment: str, values: Mapping[str, Any]) -> Part:
        """Return the part that adds `:micros` to every counter, so that a later limit counts earlier spend."""
        sums = ", ".join(f"{_attribute(counter, moment)} :micros" for counter in SPEND_COUNTERS)
        return {
            "Update": {
                "TableName": self._table.name,  # the transaction may belong to another table
                "Key": _key(tenant_id, moment),
                "UpdateExpression": f"ADD {sums}",
                "ExpressionAttributeValues": dict(values),
            }
        }


def _key(tenant_id: str, moment: str, reservation_id: str | None = None) -> Key:
    return {
        "pk": {"S": f"{tenant_id}#{moment[:7]}"},
        "sk": {"S": f"SPENT#{reservation_id}" if reservation_id else "SPENT"},
    }


def _attribute(counter: SpendCounter, moment: str) -> str:
    return f"{counter}_{moment[8:10]}" if counter.endswith("day") else counter


def _ends_at(period: str, moment: str) -> datetime:
    """Return the end of the period that includes a moment."""
    if period == "month":
        return next_month_start(moment[:7])
    return datetime.fromisoformat(f"{moment[:10]}T00:00:00+00:00") + timedelta(days=1)


def _n(number: int) -> dict[str, str]:
    return {"N": str(number)}


def _number(item: Mapping[str, Any], attribute: str) -> int:
    return int(item.get(attribute, {}).get("N", "0"))
