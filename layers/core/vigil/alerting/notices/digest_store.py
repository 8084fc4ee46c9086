"""Digests in the alerts table: `pk=<tenant>#DIGEST`.

`sk=<hour>` has the total of an hour and its end; `sk=<hour>#<channel>#<type>#<source>` has one number. A transaction
that limits a notice adds to both, under the condition that the hour is not closed.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from vigil.alerting.alerts.model import Notice
from vigil.alerting.alerts.notice_items_model import new_notice_part
from vigil.alerting.alerts.statistics_model import SHARDS, bucket_of, hour_of, statistics_part
from vigil.alerting.notices.model import LimitedNotice
from vigil.aws.tables import Table
from vigil.aws.transactions import Part
from vigil.kernel.time import format_timestamp

_RETENTION = timedelta(days=90)
_AFTER_HOUR = timedelta(seconds=5)
"""Time after an hour at which its digest is due."""
_MAX_CREATED = 40
"""Maximum notices that one transaction creates."""


class DynamoDigests:
    """Limited notices of all tenants by hour (UTC, `2026-11-21T05`). Every method raises Unavailable."""

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table, "The alerts table")

    def close(self, tenant_id: str, hour: str) -> bool:
        """Close an hour, so that it accepts no further limited notice. Return True, also for a closed one.

        Return False if the hour has no limited notices.
        """
        return self._table.write_if(
            "update_item",
            Key=_key(tenant_id, hour),
            UpdateExpression="SET is_closed = :true",
            ConditionExpression="attribute_exists(pk)",
            ExpressionAttributeValues={":true": {"BOOL": True}},
        )

    def counts(self, tenant_id: str, hour: str) -> Mapping[str, Mapping[str, int]]:
        """Return the numbers of limited notices of an hour by channel, then by `<type> <source>`, read consistently."""
        counts: dict[str, dict[str, int]] = {}
        items = self._table.items(
            "query",
            KeyConditionExpression="pk = :pk AND begins_with(sk, :hour)",
            ExpressionAttributeValues={":pk": {"S": f"{tenant_id}#DIGEST"}, ":hour": {"S": f"{hour}#"}},
            ConsistentRead=True,
        )
        for item in items:
            _, channel, kind, source = item["sk"]["S"].split("#", 3)
            counts.setdefault(channel, {})[f"{kind} {source}"] = int(item["held"]["N"])
        return counts

    def create(self, notices: Sequence[Notice]) -> None:
        """Store new notices and count them in the statistics. A group with a stored notice is not written again."""
        for start in range(0, len(notices), _MAX_CREATED):
            group = notices[start : start + _MAX_CREATED]
            first = group[0]
            puts: list[Part] = [new_notice_part(each) for each in group]
            about = (first.tenant_id, first.fingerprint, hour_of(first.created_at), bucket_of(first))
            self._table.transact(*puts, statistics_part(*about, {"intents": len(group)}))

    def finish(self, tenant_id: str, hour: str) -> None:
        """Remove an hour from the index of due items, because its digests exist."""
        self._table.call("update_item", Key=_key(tenant_id, hour), UpdateExpression="REMOVE due_pk, due_at")


def _key(tenant_id: str, name: str) -> dict[str, Any]:
    return {"pk": {"S": f"{tenant_id}#DIGEST"}, "sk": {"S": name}}


def limited_parts(tenant_id: str, limited: LimitedNotice) -> tuple[Part, Part]:
    """Return the two parts of a transaction that count a limited notice.

    The first one adds to the total of the hour; its condition fails if the hour is closed. The second one adds to the
    number of the channel, type and source.
    """
    start = datetime.fromisoformat(f"{limited.hour}:00+00:00")
    due_at = format_timestamp(start + timedelta(hours=1) + _AFTER_HOUR)
    expires = {"N": str(int((start + _RETENTION).timestamp()))}
    total = {
        "Update": {
            "Key": _key(tenant_id, limited.hour),
            "UpdateExpression": "SET due_pk = :shard, due_at = :due, expires_at = :expires ADD held :one",
            "ConditionExpression": "attribute_not_exists(is_closed)",
            "ExpressionAttributeValues": {
                ":shard": {"S": f"alerts#{sum(tenant_id.encode()) % SHARDS}"},
                ":due": {"S": due_at},
                ":expires": expires,
                ":one": {"N": "1"},
            },
        }
    }
    number = {
        "Update": {
            "Key": _key(tenant_id, f"{limited.hour}#{limited.channel}#{limited.type}#{limited.source}"),
            "UpdateExpression": "SET expires_at = :expires ADD held :one",
            "ExpressionAttributeValues": {":expires": expires, ":one": {"N": "1"}},
        }
    }
    return total, number
