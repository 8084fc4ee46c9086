"""Hard stops in the usage table: `pk = <tenant>#2026-11`, `sk = SPENT` or `SPENT#<hold>`.

`SPENT` counts a month and each of its days (`total_month`, `total_day_21`): the micros that predictions set aside when
they were committed, and those that were spent otherwise (`beside_total_month`), in one number: a condition cannot add.
"""

import math
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from vigil.aws.tables import Table
from vigil.aws.transactions import Part, is_condition_failure
from vigil.errors import BudgetExhausted
from vigil.kernel.money import COUNTERS, Counter, HardStop, Hold
from vigil.kernel.time import next_month_start
from vigil.money.budgets.model import Tally

Key = dict[str, dict[str, str]]


class DynamoStops:
    """What counts against tenants' hard stops: predictions never take it beyond the limit they were made under."""

    def __init__(self, client: Any, table: str, clock: Callable[[], datetime]) -> None:
        self._table = Table(client, table, "The usage table")
        self._clock = clock

    def take(self, tenant_id: str, moment: str, micros: int, stop: HardStop) -> Part:
        """Return the part of a transaction that sets micros aside if every limit leaves so much."""
        conditions, values = [], {":micros": _n(micros)}
        for counter, limit in stop.limits():
            attribute = _attribute(counter, moment)
            # An absent counter is not below anything, though nothing is spent.
            empty = f" OR attribute_not_exists({attribute})" if micros <= limit else ""
            conditions.append(f"({attribute} <= :{counter}{empty})")
            values[f":{counter}"] = _n(limit - micros)
        add = self._add(tenant_id, moment, values)
        add["Update"] |= {
            "ConditionExpression": " AND ".join(conditions),
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        return add

    def exhausted(self, moment: str, micros: int, stop: HardStop, reason: Part) -> BudgetExhausted:
        """Return the error of micros that were refused for this reason: it names the limit that leaves the least."""
        item = reason.get("Item", {})
        left = {counter: limit - _number(item, _attribute(counter, moment)) for counter, limit in stop.limits()}
        counter = min(left, key=lambda counter: left[counter])
        category, _, period = counter.partition("_")
        wait = math.ceil((_ends_at(period, moment) - self._clock()).total_seconds())
        return BudgetExhausted(f"{category}/{period}", max(left[counter], 0), micros, max(wait, 1))

    def hold(self, tenant_id: str, hold: Hold, stop: HardStop) -> None:
        """Set micros aside unless that was done before; raise BudgetExhausted, and write nothing, if not all fit."""
        put = {
            "Put": {
                "Item": {**_key(tenant_id, hold.moment, hold.hold_id), "micros": _n(hold.micros)},
                "ConditionExpression": "attribute_not_exists(pk)",
            }
        }
        reasons = self._table.transact(put, self.take(tenant_id, hold.moment, hold.micros, stop))
        if reasons is not None and not is_condition_failure(reasons[0]):
            raise self.exhausted(hold.moment, hold.micros, stop, reasons[1])

    def held(self, tenant_id: str, hold_id: str, moment: str) -> Hold | None:
        """Return what is set aside under an id, or was, read consistently."""
        item = self._table.get(_key(tenant_id, moment, hold_id))
        return Hold(hold_id, moment, _number(item, "micros")) if item else None

    def release(self, tenant_id: str, hold: Hold, unused: int) -> None:
        """Give back what a hold did not use, once; nothing where there is no such hold."""
        if not unused:
            return
        settle = {
            "Update": {
                "Key": _key(tenant_id, hold.moment, hold.hold_id),
                "UpdateExpression": "SET released = :unused",
                "ConditionExpression": "attribute_not_exists(released) AND micros >= :unused",
                "ExpressionAttributeValues": {":unused": _n(unused)},
            }
        }
        self._table.transact(settle, self._add(tenant_id, hold.moment, {":micros": _n(-unused)}))

    def tally(self, tenant_id: str, day: str) -> Tally:
        """Return how a day (`2026-11-21`) and its month stand, read consistently."""
        item = self._table.get(_key(tenant_id, day)) or {}
        names = {counter: _attribute(counter, day) for counter in COUNTERS}
        return Tally(
            day=day,
            used={counter: _number(item, attribute) for counter, attribute in names.items()},
            beside={counter: _number(item, f"beside_{attribute}") for counter, attribute in names.items()},
        )

    def settle(self, tenant_id: str, seen: Tally, beside: Mapping[Counter, int]) -> bool:
        """Say what was spent beside what is set aside; False, and nothing, where others said so since it was seen."""
        conditions: list[str] = []
        values: dict[str, dict[str, str]] = {}
        for counter in COUNTERS:
            attribute, before = f"beside_{_attribute(counter, seen.day)}", seen.beside[counter]
            absent = f" OR attribute_not_exists({attribute})" if before == 0 else ""
            conditions.append(f"({attribute} = :before_{counter}{absent})")
            values |= {f":before_{counter}": _n(before), f":more_{counter}": _n(beside[counter] - before)}
        names = {counter: _attribute(counter, seen.day) for counter in COUNTERS}
        sums = (f"{name} :more_{counter}, beside_{name} :more_{counter}" for counter, name in names.items())
        return self._table.write_if(
            "update_item",
            Key=_key(tenant_id, seen.day),
            UpdateExpression=f"ADD {', '.join(sums)}",
            ConditionExpression=" AND ".join(conditions),
            ExpressionAttributeValues=values,
        )

    def _add(self, tenant_id: str, moment: str, values: Mapping[str, Any]) -> Part:
        """Return the part that adds `:micros` to every counter: a stop that is set later finds what came before it."""
        sums = ", ".join(f"{_attribute(counter, moment)} :micros" for counter in COUNTERS)
        return {
            "Update": {
                "TableName": self._table.name,  # the transaction may be of another table
                "Key": _key(tenant_id, moment),
                "UpdateExpression": f"ADD {sums}",
                "ExpressionAttributeValues": dict(values),
            }
        }


def _key(tenant_id: str, moment: str, hold_id: str | None = None) -> Key:
    return {"pk": {"S": f"{tenant_id}#{moment[:7]}"}, "sk": {"S": f"SPENT#{hold_id}" if hold_id else "SPENT"}}


def _attribute(counter: Counter, moment: str) -> str:
    return f"{counter}_{moment[8:10]}" if counter.endswith("day") else counter


def _ends_at(period: str, moment: str) -> datetime:
    """Return when the period of a moment ends."""
    if period == "month":
        return next_month_start(moment[:7])
    return datetime.fromisoformat(f"{moment[:10]}T00:00:00+00:00") + timedelta(days=1)


def _n(number: int) -> dict[str, str]:
    return {"N": str(number)}


def _number(item: Mapping[str, Any], attribute: str) -> int:
    return int(item.get(attribute, {}).get("N", "0"))
