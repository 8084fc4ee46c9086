"""Channels in the alerts table: `pk = <tenant>#CONFIG`, `sk = CHANNEL#<id>`.

The item `sk = CHANNELS` counts the channels of the tenant. It is changed in the transaction of each new or deleted
channel, so that the maximum holds. A deletion also adds 1 to the generation of the configuration, in the item
`sk = ALL`.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from vigil.alerting.alerts.configuration_items_model import configuration_key, generation_part
from vigil.alerting.channels.model import Channel
from vigil.aws.tables import Item, Table

_COUNTER = "CHANNELS"


class DynamoChannels:
    """Stored channels of all tenants. Every method raises Unavailable."""

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table, "The alerts table")

    def get(self, tenant_id: str, channel_id: str) -> Channel | None:
        """Return a channel, read consistently, or None if it does not exist."""
        item = self._table.get(_key(tenant_id, channel_id))
        return _channel(tenant_id, item) if item else None

    def list_all(self, tenant_id: str) -> Sequence[Channel]:
        """Return the channels of a tenant in order of their ids, read consistently."""
        found = self._table.items(
            "query",
            KeyConditionExpression="pk = :pk AND begins_with(sk, :kind)",
            ExpressionAttributeValues={":pk": configuration_key(tenant_id, _COUNTER)["pk"], ":kind": {"S": "CHANNEL#"}},
            ConsistentRead=True,
        )
        return [_channel(tenant_id, item) for item in found]

    def create(self, channel: Channel, limit: int) -> bool:
        """Store a new channel; return False and store nothing if the tenant has `limit` channels already."""
        put = {
            "Item": _key(channel.tenant_id, channel.channel_id) | _attributes(channel),
            "ConditionExpression": "attribute_not_exists(pk)",
        }
        count = _count(channel.tenant_id, 1) | {"ConditionExpression": "attribute_not_exists(pk) OR #count < :limit"}
        count["ExpressionAttributeValues"] |= {":limit": {"N": str(limit)}}
        # The id is random, so that it identifies the request.
        return self._table.transact({"Put": put}, {"Update": count}, token=f"new-{channel.channel_id}") is None

    def replace(self, channel: Channel, expected: int) -> bool:
        """Store a channel in place of the version `expected` and return True.

        Return False and store nothing if another version is stored, or none.
        """
        return self._table.write_if(
            "put_item",
            Item=_key(channel.tenant_id, channel.channel_id) | _attributes(channel),
            ConditionExpression="version = :expected",
            ExpressionAttributeValues={":expected": {"N": str(expected)}},
        )

    def mark_broken(self, tenant_id: str, channel_id: str, version: int, reason: str) -> None:
        """Store the vendor's reason for refusing every notice; an empty reason removes the mark.

        A channel of another version than `version` is not changed, because its settings are new.
        """
        self._table.write_if(
            "update_item",
            Key=_key(tenant_id, channel_id),
            UpdateExpression="SET broken = :reason",
            ConditionExpression="version = :version AND broken <> :reason",
            ExpressionAttributeValues={":reason": {"S": reason}, ":version": {"N": str(version)}},
        )

    def delete(self, channel: Channel, generation: int) -> bool:
        """Delete a channel, count the change of the configuration and return True.

        Return False and delete nothing if another version than `channel.version`, or another generation, is stored.
        """
        tenant_id = channel.tenant_id
        delete = {
            "Key": _key(tenant_id, channel.channel_id),
            "ConditionExpression": "version = :version",
            "ExpressionAttributeValues": {":version": {"N": str(channel.version)}},
        }
        parts = generation_part(tenant_id, generation), {"Delete": delete}, {"Update": _count(tenant_id, -1)}
        return self._table.transact(*parts) is None


def _key(tenant_id: str, channel_id: str) -> Item:
    return configuration_key(tenant_id, f"CHANNEL#{channel_id}")


def _count(tenant_id: str, by: int) -> Item:
    return {
        "Key": configuration_key(tenant_id, _COUNTER),
        "UpdateExpression": "ADD #count :by",
        "ExpressionAttributeNames": {"#count": "count"},
        "ExpressionAttributeValues": {":by": {"N": str(by)}},
    }


def _attributes(channel: Channel) -> Item:
    texts = {
        "kind": channel.kind,
        "label": channel.label,
        "options": json.dumps(dict(channel.options), sort_keys=True),
        "hint": channel.hint,
        "broken": channel.broken,
    }
    sealed = {"sealed": {"B": channel.sealed}} if channel.sealed else {}
    return {name: {"S": text} for name, text in texts.items()} | sealed | {"version": {"N": str(channel.version)}}


def _channel(tenant_id: str, item: Mapping[str, Any]) -> Channel:
    return Channel(
        tenant_id,
        item["sk"]["S"].removeprefix("CHANNEL#"),
        item["kind"]["S"],
        item["label"]["S"],
        json.loads(item["options"]["S"]),
        item["sealed"]["B"] if "sealed" in item else b"",
        item["hint"]["S"],
        item["broken"]["S"],
        int(item["version"]["N"]),
    )
