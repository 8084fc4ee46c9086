"""Deliveries in DynamoDB: `pk = <tenant>#DELIVERIES#<webhook>`, `sk = <delivery>`; they expire 30 days after creation.

The index `by_tenant` lists the deliveries of a webhook by time. The index `by_due` has the pending ones by shard.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from vigil.alerting.webhooks.deliveries_model import DeliveryAttempt, DeliveryPage, DeliveryState, WebhookDelivery
from vigil.aws.tables import Item, Table

_EVALUATED = 200
"""Maximum deliveries of one read."""
_MAX_READS = 10
"""Maximum reads of a page whose filter few deliveries match."""


class DynamoWebhookDeliveries:
    """Stored deliveries of all tenants. Every method raises Unavailable."""

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table, "The webhooks table")

    def create(self, tenant_id: str, delivery: WebhookDelivery) -> bool:
        """Store a new delivery and return True. Return False and change nothing if it exists."""
        item = _item(tenant_id, delivery)
        return self._table.write_if("put_item", Item=item, ConditionExpression="attribute_not_exists(pk)")

    def get(self, tenant_id: str, webhook_id: str, delivery_id: str) -> WebhookDelivery | None:
        """Return a delivery, read consistently, or None if it does not exist."""
        item = self._table.get(_key(tenant_id, webhook_id, delivery_id))
        return _delivery(item) if item else None

    def write(self, tenant_id: str, delivery: WebhookDelivery) -> bool:
        """Store a delivery in place of the version before its own and return True.

        Return False and store nothing if another version is stored, or none.
        """
        return self._table.write_if(
            "put_item",
            Item=_item(tenant_id, delivery),
            ConditionExpression="version = :before",
            ExpressionAttributeValues={":before": {"N": str(delivery.version - 1)}},
        )

    def page(
        self, tenant_id: str, webhook_id: str, state: DeliveryState | None, after: dict[str, str] | None, limit: int
    ) -> DeliveryPage:
        """Return a page of a webhook's deliveries, latest first, from the position `after` or from the start for None.

        `state` None selects all states. A filter can make it shorter than `limit`; only `next` shows if more pages
        follow.
        """
        found, position = list[Item](), after
        for _ in range(_MAX_READS):
            items, following = self._read(tenant_id, webhook_id, state, position)
            found += items
            if len(found) > limit:
                return DeliveryPage(tuple(map(_delivery, found[:limit])), _position(found[limit - 1]))
            if (position := following) is None:
                break
        return DeliveryPage(tuple(map(_delivery, found)), position)

    def failed_since(self, tenant_id: str, webhook_id: str, since: str, limit: int) -> Sequence[WebhookDelivery]:
        """Return the failed deliveries created at or after a timestamp, oldest first, at most `limit`.

        Changes of the last second can be missing.
        """
        found = list[WebhookDelivery]()
        query = _listing(tenant_id, webhook_id, "failed")
        query["KeyConditionExpression"] += " AND list_sk >= :since"
        query["ExpressionAttributeValues"] |= {":since": {"S": since}}
        for item in self._table.items("query", **query):
            found.append(_delivery(item))
            if len(found) == limit:
                break
        return found

    def due(self, shard: int, now: str, limit: int) -> Sequence[WebhookDelivery]:
        """Return the due deliveries of a shard, of all tenants, the longest overdue first, at most `limit`.

        A delivery is due if its `due_at` is not after the timestamp `now`. Changes of the last second can be missing.
        """
        return [_delivery(item) for item in self._table.due_items(_due_pk(shard), now, limit)]

    def _read(
        self, tenant_id: str, webhook_id: str, state: DeliveryState | None, after: dict[str, str] | None
    ) -> tuple[list[Item], dict[str, str] | None]:
        """Return the matches of one read, latest first, and the position of the next read."""
        list_pk = {"list_pk": {"S": _list_pk(tenant_id, webhook_id)}}
        start = {name: {"S": text} for name, text in (after or {}).items()} | list_pk
        answer = self._table.call(
            "query",
            **_listing(tenant_id, webhook_id, state),
            ScanIndexForward=False,
            Limit=_EVALUATED,
            **({"ExclusiveStartKey": start} if after else {}),
        )
        last = answer.get("LastEvaluatedKey")
        return answer["Items"], _position(last) if last else None


def _listing(tenant_id: str, webhook_id: str, state: DeliveryState | None) -> dict[str, Any]:
    """Return the query of a webhook's deliveries, all or those in one state."""
    query: dict[str, Any] = {
        "IndexName": "by_tenant",
        "KeyConditionExpression": "list_pk = :list",
        "ExpressionAttributeValues": {":list": {"S": _list_pk(tenant_id, webhook_id)}},
    }
    if state:
        query |= {"FilterExpression": "#state = :state", "ExpressionAttributeNames": {"#state": "state"}}
        query["ExpressionAttributeValues"][":state"] = {"S": state}
    return query


def _position(item: Item) -> dict[str, str]:
    """Return the position of an item in a list. It omits the list itself, so that it cannot lead into another one."""
    return {name: item[name]["S"] for name in ("pk", "sk", "list_sk")}


def _key(tenant_id: str, webhook_id: str, delivery_id: str) -> Item:
    return {"pk": {"S": f"{tenant_id}#DELIVERIES#{webhook_id}"}, "sk": {"S": delivery_id}}


def _list_pk(tenant_id: str, webhook_id: str) -> str:
    return f"{tenant_id}#{webhook_id}"


def _due_pk(shard: int) -> str:
    return f"webhooks#{shard}"


def _item(tenant_id: str, delivery: WebhookDelivery) -> Item:
    if tenant_id != delivery.tenant_id:
        raise ValueError("the delivery belongs to another tenant")
    texts = {
        "list_pk": _list_pk(tenant_id, delivery.webhook_id),
        "list_sk": f"{delivery.created_at}#{delivery.delivery_id}",
        "state": delivery.state,
        "delivery": json.dumps(asdict(delivery), separators=(",", ":")),
    }
    if delivery.due_at:
        texts |= {"due_pk": _due_pk(delivery.shard), "due_at": delivery.due_at}
    return {
        **_key(tenant_id, delivery.webhook_id, delivery.delivery_id),
        **{name: {"S": text} for name, text in texts.items()},
        "version": {"N": str(delivery.version)},
        "expires_at": {"N": str(int(delivery.expires_at.timestamp()))},
    }


def _delivery(item: Item) -> WebhookDelivery:
    fields = json.loads(item["delivery"]["S"])
    return WebhookDelivery(**fields | {"attempts": tuple(DeliveryAttempt(**each) for each in fields["attempts"])})
