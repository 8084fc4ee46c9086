"""Usage in DynamoDB. A month of a tenant is one item collection, `pk = <tenant>#2026-11`:

`HOUR#2026-11-21T05` counts an hour, a number per meter, `AUDIT#<day>#<meter>` says what an audit found, `QUOTA` (kept
by `vigil.quota`) and `SPENT` (by `vigil.budgets`) what was taken of it. `pk = <tenant>#<entry>`, `sk = COUNTED` says
that an entry is counted; one that is kept for ever is a row of the ledger of usage events, listed by its hour in the
index `by_hour`. `pk = <tenant>`, `sk = HELD` is what is stored.
"""

import json
import time
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from vigil.aws.tables import Table
from vigil.aws.transactions import Part, is_condition_failure
from vigil.money.usage.model import METERS, Entry, Held, Hour, Meter, MonthOfUse

Key = dict[str, dict[str, str]]
_KEYS = {"pk", "sk", "list_pk", "list_sk"}
_MARKED_SECONDS = 14 * 86_400
"""A row can be delivered again for the 24 hours of its stream, and be recounted by audits of the next days."""


class DynamoUsage:
    """The counters of all tenants."""

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table, "The usage table")

    def add(self, entries: Sequence[Entry]) -> Collection[tuple[str, str]]:
        """Count entries in one transaction, each marked; count none, and name those, if some were marked already.

        Two write units per entry, two per tenant and hour, two per tenant whose rows grow or shrink: $1.25 to $3.75
        per million at $0.625 per million units. Nothing shrinks of a tenant that has been erased: such entries are
        named as well.
        """
        ends = str(int(time.time()) + _MARKED_SECONDS)
        sums: dict[tuple[str, str], dict[Meter, int]] = defaultdict(lambda: defaultdict(int))
        grown: dict[str, int] = defaultdict(int)
        for entry in entries:
            for meter, amount in entry.amounts.items():
                sums[entry.tenant_id, entry.hour][meter] += amount
            grown[entry.tenant_id] += entry.amounts.get("database_bytes", 0)
        growths = {tenant_id: self._growth(tenant_id, amount) for tenant_id, amount in grown.items() if amount}
        marks = [self._mark(entry, ends) for entry in entries]
        parts = [*marks, *growths.values(), *(self._sum(*where, amounts) for where, amounts in sums.items())]
        reasons = self._table.transact(*parts) or ()
        gone = {t for t, reason in zip(growths, reasons[len(marks) :], strict=False) if is_condition_failure(reason)}
        known = {e.name for e, reason in zip(entries, reasons, strict=False) if is_condition_failure(reason)}
        return known | {entry.name for entry in entries if entry.tenant_id in gone}

    def month(self, tenant_id: str, month: str) -> MonthOfUse:
        """Return what is counted of a month, read consistently."""
        hours, used = [], 0
        items = self._table.items(
            "query",
            KeyConditionExpression="pk = :pk AND sk BETWEEN :hours AND :quota",
            ExpressionAttributeValues={
                ":pk": {"S": f"{tenant_id}#{month}"},
                ":hours": {"S": "HOUR#"},
                ":quota": {"S": "QUOTA"},
            },
            ConsistentRead=True,
        )
        for item in items:
            if item["sk"]["S"] == "QUOTA":
                used = int(item["used"]["N"])
            elif (hour := _hour(item)).amounts:
                hours.append(hour)
        return MonthOfUse(month, tuple(hours), used)

    def say(self, tenant_id: str, hour: str, amounts: Mapping[Meter, int]) -> None:
        """Say how much there was of something in an hour, whatever was said before."""
        self._table.call("update_item", **_said(tenant_id, hour, amounts))

    def grown(self, tenant_id: str, hours: Sequence[str]) -> tuple[int, Mapping[str, int]]:
        """Return the bytes in the database, and by how many each of these hours made them more, of one moment."""
        keys = [_held_key(tenant_id), *(_key(tenant_id, hour) for hour in hours)]
        held, *grown = (_number(item, "database_bytes") for item in self._table.get_together(keys))
        return held, dict(zip(hours, grown, strict=True))

    def hold(self, tenant_id: str, storage_bytes: int, gauges: Mapping[str, Mapping[Meter, int]]) -> bool:
        """Say what a tenant's files hold now, and the gauges of hours; return False for one without anything stored."""
        held = {
            "Update": {
                "Key": _held_key(tenant_id),
                "UpdateExpression": "SET storage_bytes = :bytes",
                "ConditionExpression": "attribute_exists(pk)",
                "ExpressionAttributeValues": {":bytes": {"N": str(storage_bytes)}},
            }
        }
        said = ({"Update": _said(tenant_id, *gauge)} for gauge in gauges.items())
        return self._table.transact(held, *said, token=uuid.uuid4().hex) is None

    def held(self, tenant_id: str) -> Held:
        """Return what a tenant holds, read consistently."""
        item = self._table.get(_held_key(tenant_id)) or {}
        return Held(_number(item, "storage_bytes"), _number(item, "database_bytes"))

    def kept(self, tenant_id: str, period: str) -> Iterator[Entry]:
        """Yield the entries that are kept, of a month, a day or an hour, by their hours; read eventually."""
        items = self._table.items(
            "query",
            IndexName="by_hour",
            KeyConditionExpression="list_pk = :pk AND begins_with(list_sk, :period)",
            ExpressionAttributeValues={":pk": {"S": f"{tenant_id}#{period[:7]}"}, ":period": {"S": period}},
        )
        yield from (_entry(tenant_id, item) for item in items)

    def note(self, tenant_id: str, day: str, meter: Meter, finding: Mapping[str, Any]) -> None:
        """Keep what an audit found of a meter on a day."""
        key = {"pk": {"S": f"{tenant_id}#{day[:7]}"}, "sk": {"S": f"AUDIT#{day}#{meter}"}}
        values = {":finding": {"S": json.dumps(finding, sort_keys=True)}}
        self._table.call(
            "update_item", Key=key, UpdateExpression="SET finding = :finding", ExpressionAttributeValues=values
        )

    def _mark(self, entry: Entry, ends: str) -> Part:
        item = {"pk": {"S": f"{entry.tenant_id}#{entry.entry_id}"}, "sk": {"S": "COUNTED"}}
        item |= {"expires_at": {"N": ends}} if entry.details is None else _row(entry, entry.details)
        return {"Put": {"Item": item, "ConditionExpression": "attribute_not_exists(pk)"}}

    def _growth(self, tenant_id: str, amount: int) -> Part:
        """Return the part that adds to what a tenant holds; only what grows makes the item."""
        update = {
            "Key": _held_key(tenant_id),
            "UpdateExpression": "ADD database_bytes :grown",
            "ExpressionAttributeValues": {":grown": {"N": str(amount)}},
        }
        return {"Update": update | ({"ConditionExpression": "attribute_exists(pk)"} if amount < 0 else {})}

    def _sum(self, tenant_id: str, hour: str, amounts: Mapping[Meter, int]) -> Part:
        return {
            "Update": {
                "Key": _key(tenant_id, hour),
                "UpdateExpression": "ADD " + ", ".join(f"{meter} :{meter}" for meter in amounts),
                "ExpressionAttributeValues": _numbers(amounts),
            }
        }


class DynamoCalls:
    """The counters of the limiter: `pk = <tenant>#2026-11-21T05`, an item for each key (`vigil.web.rate_limits`)."""

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table, "The limits table")

    def made(self, tenant_id: str, hour: str) -> int:
        """Return how many requests of a tenant's keys were let in; a second behind at most."""
        items = self._table.items(
            "query",
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": f"{tenant_id}#{hour}"}},
            ProjectionExpression="h",
        )
        return sum(int(item["h"]["N"]) for item in items)


def _key(tenant_id: str, hour: str) -> Key:
    return {"pk": {"S": f"{tenant_id}#{hour[:7]}"}, "sk": {"S": f"HOUR#{hour}"}}


def _row(entry: Entry, details: Mapping[str, str]) -> dict[str, Any]:
    amounts = {meter: {"N": str(amount)} for meter, amount in entry.amounts.items()}
    listed = {"list_pk": f"{entry.tenant_id}#{entry.hour[:7]}", "list_sk": f"{entry.hour}#{entry.entry_id}"}
    return {"amounts": {"M": amounts}, **{name: {"S": text} for name, text in (listed | dict(details)).items()}}


def _entry(tenant_id: str, item: Mapping[str, Any]) -> Entry:
    hour, entry_id = item["list_sk"]["S"].split("#")
    details = {name: value["S"] for name, value in item.items() if "S" in value and name not in _KEYS}
    amounts = {meter: int(number["N"]) for meter, number in item["amounts"]["M"].items()}
    return Entry(tenant_id, entry_id, hour, amounts, details)


def _held_key(tenant_id: str) -> Key:
    return {"pk": {"S": tenant_id}, "sk": {"S": "HELD"}}


def _said(tenant_id: str, hour: str, amounts: Mapping[Meter, int]) -> Part:
    return {
        "Key": _key(tenant_id, hour),
        "UpdateExpression": "SET " + ", ".join(f"{meter} = :{meter}" for meter in amounts),
        "ExpressionAttributeValues": _numbers(amounts),
    }


def _number(item: Mapping[str, Any], name: str) -> int:
    return int(item.get(name, {"N": "0"})["N"])


def _numbers(amounts: Mapping[Meter, int]) -> Key:
    return {f":{meter}": {"N": str(amount)} for meter, amount in amounts.items()}


def _hour(item: Mapping[str, Any]) -> Hour:
    counted = {meter: int(item[meter]["N"]) for meter in METERS if meter in item}
    return Hour(item["sk"]["S"].removeprefix("HOUR#"), {meter: amount for meter, amount in counted.items() if amount})
