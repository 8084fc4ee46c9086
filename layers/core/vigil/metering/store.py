"""Usage in DynamoDB. A month of a tenant is one item collection, `pk = <tenant>#2026-11`:

`DAY#2026-11-21` counts a day (`calls_05` an hour's API calls), `AUDIT#<day>` says what an audit found, `QUOTA` (kept by
`vigil.quota`) what was taken of the month. `pk = <tenant>#<entry>`, `sk = COUNTED` says that an entry is counted.
"""

import json
import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from vigil.errors import Unavailable
from vigil.metering.model import Day, Entry, MonthOfUse
from vigil.platform.transactions import Part, name, refused, transact

Key = dict[str, dict[str, str]]
_MARKED_SECONDS = 14 * 86_400
"""A row can be delivered again for the 24 hours of its stream, and be recounted by audits of the next days."""


class DynamoUsage:
    """The counters of all tenants."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def add(self, entries: Sequence[Entry]) -> Collection[tuple[str, str]]:
        """Count entries in one transaction, each marked; count none, and name those, if some were marked already.

        Two write units per entry, and two per tenant and day: $1.25 to $2.50 per million at $0.625 per million units.
        """
        ends = str(int(time.time()) + _MARKED_SECONDS)
        marks = [self._mark(entry, ends) for entry in entries]
        sums: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for entry in entries:
            for meter, amount in entry.amounts.items():
                sums[entry.tenant_id, entry.day][meter] += amount
        parts = [*marks, *(self._sum(*where, amounts) for where, amounts in sums.items())]
        reasons = transact(self._client, name(parts), parts)
        return [e.name for e, reason in zip(entries, reasons or (), strict=False) if refused(reason)]

    def month(self, tenant_id: str, month: str) -> MonthOfUse:
        """Return what is counted of a month, read consistently."""
        days, used = [], 0
        for item in self._items(f"{tenant_id}#{month}"):
            if item["sk"]["S"].startswith("DAY#"):
                days.append(_day(item))
            elif item["sk"]["S"] == "QUOTA":
                used = int(item["used"]["N"])
        return MonthOfUse(month, tuple(days), used)

    def set_calls(self, tenant_id: str, hour: str, calls: int) -> None:
        """Say how many calls an hour had, whatever was said before."""
        day, _, number = hour.partition("T")
        self._update(_key(tenant_id, day), f"SET calls_{number} = :calls", {":calls": {"N": str(calls)}})

    def note(self, tenant_id: str, day: str, finding: Mapping[str, Any]) -> None:
        """Keep what an audit found on a day."""
        key = {"pk": {"S": f"{tenant_id}#{day[:7]}"}, "sk": {"S": f"AUDIT#{day}"}}
        self._update(key, "SET finding = :finding", {":finding": {"S": json.dumps(finding, sort_keys=True)}})

    def _mark(self, entry: Entry, ends: str) -> Part:
        item = {"pk": {"S": f"{entry.tenant_id}#{entry.entry_id}"}, "sk": {"S": "COUNTED"}, "expires_at": {"N": ends}}
        return {"Put": {"TableName": self._table, "Item": item, "ConditionExpression": "attribute_not_exists(pk)"}}

    def _sum(self, tenant_id: str, day: str, amounts: Mapping[str, int]) -> Part:
        return {
            "Update": {
                "TableName": self._table,
                "Key": _key(tenant_id, day),
                "UpdateExpression": "ADD " + ", ".join(f"{meter} :{meter}" for meter in amounts),
                "ExpressionAttributeValues": {f":{meter}": {"N": str(n)} for meter, n in amounts.items()},
            }
        }

    def _items(self, pk: str) -> Iterator[dict[str, Any]]:
        start: dict[str, Any] = {}
        while True:
            answer = self._call(
                "query",
                KeyConditionExpression="pk = :pk AND sk BETWEEN :days AND :quota",
                ExpressionAttributeValues={":pk": {"S": pk}, ":days": {"S": "DAY#"}, ":quota": {"S": "QUOTA"}},
                ConsistentRead=True,
                **start,
            )
            yield from answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def _update(self, key: Mapping[str, Any], expression: str, values: Mapping[str, Any]) -> None:
        self._call("update_item", Key=key, UpdateExpression=expression, ExpressionAttributeValues=values)

    def _call(self, operation: str, **arguments: Any) -> Any:
        try:
            return getattr(self._client, operation)(TableName=self._table, **arguments)
        except (BotoCoreError, ClientError) as error:
            raise Unavailable("The usage table did not answer.") from error


class DynamoCalls:
    """The counters of the limiter: one item per key and hour, `pk = <tenant>#<key>#2026-11-21T05`."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def by_hour(self, hours: Collection[str]) -> Mapping[tuple[str, str], int]:
        """Return the number of calls by tenant and hour: all keys are read, which is some days' worth of them."""
        found: dict[tuple[str, str], int] = defaultdict(int)
        pages = self._client.get_paginator("scan").paginate(TableName=self._table, ProjectionExpression="pk, h")
        try:
            for item in (item for page in pages for item in page["Items"]):
                tenant_id, _, hour = item["pk"]["S"].split("#")
                if hour in hours:
                    found[tenant_id, hour] += int(item["h"]["N"])
        except (BotoCoreError, ClientError) as error:
            raise Unavailable("The limits table did not answer.") from error
        return found


def _key(tenant_id: str, day: str) -> Key:
    return {"pk": {"S": f"{tenant_id}#{day[:7]}"}, "sk": {"S": f"DAY#{day}"}}


def _day(item: Mapping[str, Any]) -> Day:
    numbers = {name: int(value["N"]) for name, value in item.items() if "N" in value}
    return Day(
        day=item["sk"]["S"].removeprefix("DAY#"),
        predictions=numbers.get("predictions", 0),
        charged=numbers.get("charged", 0),
        database_bytes=numbers.get("database_bytes", 0),
        api_calls=sum(number for name, number in numbers.items() if name.startswith("calls_")),
    )
