"""Usage in DynamoDB. A month of a tenant is one item collection, `pk = <tenant>#2026-11`:

`HOUR#2026-11-21T05` has the counters of an hour, one number per meter. `AUDIT#<day>#<meter>` is the finding of an
audit. `QUOTA` (written by `vigil.access.quota`) and `SPENT` (by `vigil.money.budgets`) count the used quota and spend.

`pk = <tenant>#<entry>`, `sk = COUNTED` marks a counted entry. The mark of an entry with details is also its row in
the ledger of usage events, listed by hour in the index `by_hour`. `pk = <tenant>`, `sk = HELD` has the stored bytes.
"""

import json
import time
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from vigil.aws.answer_format import answer_format_attribute, read_answer_format
from vigil.aws.tables import Table
from vigil.aws.transactions import Part, is_condition_failure
from vigil.money.usage.model import (
    METERS,
    Amount,
    Meter,
    StoredBytes,
    UsageEntry,
    UsageHour,
    UsageMonth,
    exact_amount,
    sum_amounts,
    sum_hours,
)

Key = dict[str, dict[str, str]]
_KEYS = {"pk", "sk", "list_pk", "list_sk"}
_MARKED_SECONDS = 14 * 86_400
"""Lifetime of a mark, in seconds: streams repeat rows for 24 hours, and audits recount them for some days."""


class DynamoUsage:
    """Usage counters of all tenants."""

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table, "The usage table")

    def add(self, entries: Sequence[UsageEntry]) -> Collection[tuple[str, str]]:
        """Count and mark all entries in one transaction; or count none and return the keys that are marked already.

        Costs two write units per entry, two per tenant and hour, and two per tenant whose rows grow or shrink: $1.25
        to $3.75 per million at $0.625 per million units. Entries that would shrink the bytes of an erased tenant are
        returned too.
        """
        ends = str(int(time.time()) + _MARKED_SECONDS)
        hours: dict[tuple[str, str], list[Mapping[Meter, Amount]]] = defaultdict(list)
        grown: dict[str, int] = defaultdict(int)
        for entry in entries:
            hours[entry.tenant_id, entry.hour].append(entry.amounts)
            grown[entry.tenant_id] += int(entry.amounts.get("database_bytes", 0))
        growths = {tenant_id: self._growth(tenant_id, amount) for tenant_id, amount in grown.items() if amount}
        marks = [self._mark(entry, ends) for entry in entries]
        parts = [*marks, *growths.values(), *(self._sum(*where, sum_amounts(parts)) for where, parts in hours.items())]
        reasons = self._table.transact(*parts) or ()
        gone = {t for t, reason in zip(growths, reasons[len(marks) :], strict=False) if is_condition_failure(reason)}
        known = {e.key for e, reason in zip(entries, reasons, strict=False) if is_condition_failure(reason)}
        return known | {entry.key for entry in entries if entry.tenant_id in gone}

    def amounts_by_day(self, tenant_id: str, first: str, last: str) -> Mapping[str, Mapping[Meter, Amount]]:
        """Return the usage of each day from `first` to `last` (`2026-11-21`) of one month, read consistently."""
        items = self._table.items(
            "query",
            KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
            ExpressionAttributeValues={
                ":pk": {"S": f"{tenant_id}#{first[:7]}"},
                ":first": {"S": f"HOUR#{first}"},
                ":last": {"S": f"HOUR#{last}~"},
            },
            ConsistentRead=True,
        )
        days = groupby(map(_hour, items), lambda hour: hour.hour[:10])
        return {day: sum_hours(hours) for day, hours in days}

    def counted_keys(self, tenant_id: str, entry_ids: Sequence[str]) -> Collection[tuple[str, str]]:
        """Return the keys of those of up to 100 entries that are counted, read at the same moment."""
        keys = [{"pk": {"S": f"{tenant_id}#{entry_id}"}, "sk": {"S": "COUNTED"}} for entry_id in entry_ids]
        found = zip(entry_ids, self._table.get_together(keys), strict=True)
        return {(tenant_id, entry_id) for entry_id, item in found if item}

    def month(self, tenant_id: str, month: str) -> UsageMonth:
        """Return the usage of a month, read consistently."""
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
        return UsageMonth(month, tuple(hours), used)

    def set_amounts(self, tenant_id: str, hour: str, amounts: Mapping[Meter, int]) -> None:
        """Set meters of an hour; earlier values of these meters are replaced."""
        self._table.call("update_item", **_setting(tenant_id, hour, amounts))

    def database_growth(self, tenant_id: str, hours: Sequence[str]) -> tuple[int, Mapping[str, int]]:
        """Return the bytes in the database and their growth in each of the hours, read at the same moment."""
        keys = [_stored_key(tenant_id), *(_key(tenant_id, hour) for hour in hours)]
        stored, *growth = (_number(item, "database_bytes") for item in self._table.get_together(keys))
        return stored, dict(zip(hours, growth, strict=True))

    def record_storage(self, tenant_id: str, storage_bytes: int, gauges: Mapping[str, Mapping[Meter, int]]) -> bool:
        """Set the bytes of a tenant's files and the gauges of hours in one transaction.

        Returns False, without a write, for a tenant that has never stored data or was erased.
        """
        stored = {
            "Update": {
                "Key": _stored_key(tenant_id),
                "UpdateExpression": "SET storage_bytes = :bytes",
                "ConditionExpression": "attribute_exists(pk)",
                "ExpressionAttributeValues": {":bytes": {"N": str(storage_bytes)}},
            }
        }
        hours = ({"Update": _setting(tenant_id, *gauge)} for gauge in gauges.items())
        return self._table.transact(stored, *hours, token=uuid.uuid4().hex) is None

    def stored_bytes(self, tenant_id: str) -> StoredBytes:
        """Return the stored bytes of a tenant, read consistently."""
        item = self._table.get(_stored_key(tenant_id)) or {}
        return StoredBytes(_number(item, "storage_bytes"), _number(item, "database_bytes"))

    def reported_entries(self, tenant_id: str, period: str) -> Iterator[UsageEntry]:
        """Yield the entries with details of a month, day or hour, in order of hours; read eventually."""
        items = self._table.items(
            "query",
            IndexName="by_hour",
            KeyConditionExpression="list_pk = :pk AND begins_with(list_sk, :period)",
            ExpressionAttributeValues={":pk": {"S": f"{tenant_id}#{period[:7]}"}, ":period": {"S": period}},
        )
        yield from (_entry(tenant_id, item) for item in items)

    def record_finding(self, tenant_id: str, day: str, meter: Meter, finding: Mapping[str, Any]) -> None:
        """Store the finding of an audit about a meter on a day."""
        key = {"pk": {"S": f"{tenant_id}#{day[:7]}"}, "sk": {"S": f"AUDIT#{day}#{meter}"}}
        values = {":finding": {"S": json.dumps(finding, sort_keys=True, default=float)}}
        self._table.call(
            "update_item", Key=key, UpdateExpression="SET finding = :finding", ExpressionAttributeValues=values
        )

    def _mark(self, entry: UsageEntry, ends: str) -> Part:
        item = {"pk": {"S": f"{entry.tenant_id}#{entry.entry_id}"}, "sk": {"S": "COUNTED"}}
        item |= {"expires_at": {"N": ends}} if entry.details is None else _row(entry, entry.details)
        return {"Put": {"Item": item, "ConditionExpression": "attribute_not_exists(pk)"}}

    def _growth(self, tenant_id: str, amount: int) -> Part:
        """Return the part that adds to a tenant's stored bytes; only growth creates the item."""
        update = {
            "Key": _stored_key(tenant_id),
            "UpdateExpression": "ADD database_bytes :grown",
            "ExpressionAttributeValues": {":grown": {"N": str(amount)}},
        }
        return {"Update": update | ({"ConditionExpression": "attribute_exists(pk)"} if amount < 0 else {})}

    def _sum(self, tenant_id: str, hour: str, amounts: Mapping[Meter, Amount]) -> Part:
        return {
            "Update": {
                "Key": _key(tenant_id, hour),
                "UpdateExpression": "ADD " + ", ".join(f"{meter} :{meter}" for meter in amounts),
                "ExpressionAttributeValues": _numbers(amounts),
            }
        }


class DynamoRequestCounts:
    """Counters of the rate limiter: `pk = <tenant>#2026-11-21T05`, one item per API key (`vigil.web.rate_limits`).

    The leases of a tenant have a partition of their own: they are not calls of a key.
    """

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table, "The limits table")

    def requests_in_hour(self, tenant_id: str, hour: str) -> int:
        """Return the number of admitted requests of a tenant's keys; at most a second behind."""
        items = self._table.items(
            "query",
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": f"{tenant_id}#{hour}"}},
            ProjectionExpression="h",
        )
        return sum(int(item["h"]["N"]) for item in items)


def _key(tenant_id: str, hour: str) -> Key:
    return {"pk": {"S": f"{tenant_id}#{hour[:7]}"}, "sk": {"S": f"HOUR#{hour}"}}


def _row(entry: UsageEntry, details: Mapping[str, str]) -> dict[str, Any]:
    amounts = {meter: {"N": str(amount)} for meter, amount in entry.amounts.items()}
    listed = {"list_pk": f"{entry.tenant_id}#{entry.hour[:7]}", "list_sk": f"{entry.hour}#{entry.entry_id}"}
    texts = {name: {"S": text} for name, text in (listed | dict(details)).items()}
    return {"amounts": {"M": amounts}, **texts, **answer_format_attribute()}


def _entry(tenant_id: str, item: Mapping[str, Any]) -> UsageEntry:
    read_answer_format(item)
    hour, entry_id = item["list_sk"]["S"].split("#")
    details = {name: value["S"] for name, value in item.items() if "S" in value and name not in _KEYS}
    amounts = {meter: exact_amount(number["N"]) for meter, number in item["amounts"]["M"].items()}
    return UsageEntry(tenant_id, entry_id, hour, amounts, details)


def _stored_key(tenant_id: str) -> Key:
    return {"pk": {"S": tenant_id}, "sk": {"S": "HELD"}}


def _setting(tenant_id: str, hour: str, amounts: Mapping[Meter, int]) -> Part:
    return {
        "Key": _key(tenant_id, hour),
        "UpdateExpression": "SET " + ", ".join(f"{meter} = :{meter}" for meter in amounts),
        "ExpressionAttributeValues": _numbers(amounts),
    }


def _number(item: Mapping[str, Any], name: str) -> int:
    return int(item.get(name, {"N": "0"})["N"])


def _numbers(amounts: Mapping[Meter, Amount]) -> Key:
    return {f":{meter}": {"N": str(amount)} for meter, amount in amounts.items()}


def _hour(item: Mapping[str, Any]) -> UsageHour:
    counted = {meter: exact_amount(item[meter]["N"]) for meter in METERS if meter in item}
    return UsageHour(
        item["sk"]["S"].removeprefix("HOUR#"), {meter: amount for meter, amount in counted.items() if amount}
    )
