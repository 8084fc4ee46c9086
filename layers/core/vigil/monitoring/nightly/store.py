"""Progress of the nightly work in DynamoDB.

`pk = <tenant>` has `COUNTED` and `SERVED#<model>#<version>#<source>`. The due weeks of a day are in the partition of
the model, `sk = DUE#<version>#<source>#<day>`.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import Any

from vigil.aws.tables import Table
from vigil.monitoring.nightly.model import ServedVersion
from vigil.monitoring.profiles.keys_model import Item, expiry, item_key, model_partition, version_prefix
from vigil.monitoring.profiles.model import Source

_SERVED = "SERVED#"


class DynamoProgress:
    """Progress of the nightly work for all tenants. Items expire 800 days after their last day."""

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table, "The monitoring table")

    def served(self, tenant_id: str) -> Collection[ServedVersion]:
        """Return the versions that served a tenant, each once per source, read consistently."""
        items = self._query(tenant_id, _SERVED)
        return [ServedVersion(**json.loads(item["served"]["S"])) for item in items]

    def put_served(self, tenant_id: str, served: ServedVersion) -> None:
        """Store the progress of a version and source in place of its earlier progress."""
        key = _tenant_key(tenant_id, f"{_SERVED}{served.model}#{served.version}#{served.source}")
        self._table.call("put_item", Item=key | {"served": {"S": json.dumps(asdict(served))}} | expiry(served.last_day))

    def counted_through(self, tenant_id: str) -> str:
        """Return the last counted day (`2026-11-21`) of a tenant, read consistently; "" before the first count."""
        item = self._table.get(_tenant_key(tenant_id, "COUNTED"))
        return str(item["day"]["S"]) if item else ""

    def put_counted(self, tenant_id: str, day: str) -> None:
        """Store the last counted day (`2026-11-21`)."""
        self._table.call("put_item", Item=_tenant_key(tenant_id, "COUNTED") | {"day": {"S": day}} | expiry(day))

    def due_weeks(self, tenant_id: str, model: str, version: int, source: Source) -> Mapping[str, Mapping[str, int]]:
        """Return the number of decisions by day of the decision, then by due week (`2026-W47`), read consistently."""
        items = self._query(model_partition(tenant_id, model), version_prefix("DUE", version, source))
        return {item["sk"]["S"].rpartition("#")[2]: json.loads(item["weeks"]["S"]) for item in items}

    def put_due_weeks(
        self, tenant_id: str, model: str, version: int, source: Source, day: str, weeks: Mapping[str, int]
    ) -> None:
        """Store the decisions of a day by due week, in place of earlier ones of this day."""
        key = item_key(tenant_id, model, f"{version_prefix('DUE', version, source)}{day}")
        self._table.call("put_item", Item=key | {"weeks": {"S": json.dumps(weeks, sort_keys=True)}} | expiry(day))

    def _query(self, partition: str, prefix: str) -> Any:
        return self._table.items(
            "query",
            KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
            ExpressionAttributeValues={":pk": {"S": partition}, ":prefix": {"S": prefix}},
            ConsistentRead=True,
        )


def _tenant_key(tenant_id: str, sort_key: str) -> Item:
    return {"pk": {"S": tenant_id}, "sk": {"S": sort_key}}
