"""Progress of the nightly work in DynamoDB.

`pk = <tenant>` has `COUNTED` and `SERVED#<model>#<version>#<source>`. The due weeks of a day are in the partition of
the model, `sk = DUE#<version>#<source>#<day>`.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from vigil.aws.tables import Table
from vigil.errors import DamagedData
from vigil.kernel.stored_values import check_day, check_week, read_attribute, read_json, read_value
from vigil.monitoring.nightly.model import ServedVersion
from vigil.monitoring.profiles.keys_model import (
    Item,
    check_key,
    expiry,
    item_key,
    model_partition,
    read_item,
    version_prefix,
)
from vigil.monitoring.profiles.model import Source

_SERVED = "SERVED#"


class DynamoProgress:
    """Progress of the nightly work for all tenants. Items expire 800 days after their last day begins in UTC.

    Every method raises Unavailable. `counted_through` and `due_weeks` raise DamagedData for a damaged item.
    """

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table, "The monitoring table")

    def served(self, tenant_id: str) -> Collection[ServedVersion]:
        """Return the versions that served a tenant, each once per source, in any order, without damaged ones.

        The items are read consistently.
        """
        return [each for each in self._read_served(tenant_id) if isinstance(each, ServedVersion)]

    def damaged(self, tenant_id: str) -> Collection[DamagedData]:
        """Return an error for each version of a tenant whose progress is damaged."""
        return [each for each in self._read_served(tenant_id) if isinstance(each, DamagedData)]

    def put_served(self, tenant_id: str, served: ServedVersion) -> None:
        """Store the progress of a version and source in place of its earlier progress."""
        key = _tenant_key(tenant_id, f"{_SERVED}{served.model}#{served.version}#{served.source}")
        self._table.call("put_item", Item=key | {"served": {"S": json.dumps(asdict(served))}} | expiry(served.last_day))

    def counted_through(self, tenant_id: str) -> str:
        """Return the last counted day of a tenant (`2026-11-21`, UTC), read consistently; "" before the first count."""
        item = self._table.get(_tenant_key(tenant_id, "COUNTED"))
        return read_item("the tenant", item, _counted_day) if item else ""

    def put_counted(self, tenant_id: str, day: str) -> None:
        """Store the last counted day of a tenant (`2026-11-21`, UTC) in place of the earlier one."""
        self._table.call("put_item", Item=_tenant_key(tenant_id, "COUNTED") | {"day": {"S": day}} | expiry(day))

    def due_weeks(self, tenant_id: str, model: str, version: int, source: Source) -> Mapping[str, Mapping[str, int]]:
        """Return the number of decisions by day of the decision (`2026-11-21`), then by due week (`2026-W47`).

        Days without due labels are left out. The items are read consistently.
        """
        items = self._query(model_partition(tenant_id, model), version_prefix("DUE", version, source))
        return {item["sk"]["S"].rpartition("#")[2]: read_item(model, item, _weeks) for item in items}

    def put_due_weeks(
        self, tenant_id: str, model: str, version: int, source: Source, day: str, weeks: Mapping[str, int]
    ) -> None:
        """Store the decisions of a day by due week, in place of earlier ones of this day."""
        key = item_key(tenant_id, model, f"{version_prefix('DUE', version, source)}{day}")
        self._table.call("put_item", Item=key | {"weeks": {"S": json.dumps(weeks, sort_keys=True)}} | expiry(day))

    def _read_served(self, tenant_id: str) -> Iterator[ServedVersion | DamagedData]:
        for item in self._query(tenant_id, _SERVED):
            try:
                yield read_item("the tenant", item, _served)
            except DamagedData as error:
                yield error

    def _query(self, partition: str, prefix: str) -> Any:
        return self._table.items(
            "query",
            KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
            ExpressionAttributeValues={":pk": {"S": partition}, ":prefix": {"S": prefix}},
            ConsistentRead=True,
        )


def _tenant_key(tenant_id: str, sort_key: str) -> Item:
    return {"pk": {"S": tenant_id}, "sk": {"S": sort_key}}


def _served(item: Item) -> ServedVersion:
    served = read_value(ServedVersion, read_json(read_attribute(item, "served", "S")))
    for day in (served.first_day, served.last_day, served.uncounted_since or served.first_day):
        check_day(day)
    for week in filter(None, (served.labels_week, served.calibration_week, served.trials_week)):
        check_week(week)
    check_key(item, served.model, str(served.version), served.source)
    return served


def _counted_day(item: Item) -> str:
    day: str = read_attribute(item, "day", "S")
    check_day(day)
    return day


def _weeks(item: Item) -> Mapping[str, int]:
    weeks = read_value(dict[str, int], read_json(read_attribute(item, "weeks", "S")))
    for week in weeks:
        check_week(week)
    return weeks
