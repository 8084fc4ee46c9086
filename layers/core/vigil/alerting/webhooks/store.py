"""Webhooks in DynamoDB: `pk = <tenant>#WEBHOOKS`, `sk = WEBHOOK#<id>`, and the number of webhooks in `sk = COUNT`.

A disabled webhook is in the index `by_due` until its tenant is notified.
"""

import json
import uuid
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from vigil.alerting.webhooks.model import Webhook, WebhookSecret
from vigil.aws.tables import Item, Table

_DUE = "webhooks#endpoints"
"""Partition key of disabled webhooks in the index of due items."""


class DynamoWebhooks:
    """Stored webhooks of all tenants. Every method raises Unavailable."""

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table, "The webhooks table")

    def create(self, tenant_id: str, webhook: Webhook, limit: int) -> bool:
        """Store a new webhook and return True.

        Return False and store nothing if the tenant has `limit` webhooks already.
        """
        count = {
            "Key": _key(tenant_id, "COUNT"),
            "UpdateExpression": "ADD webhooks :one",
            "ConditionExpression": "attribute_not_exists(webhooks) OR webhooks < :limit",
            "ExpressionAttributeValues": {":one": {"N": "1"}, ":limit": {"N": str(limit)}},
        }
        put = {"Item": _item(tenant_id, webhook), "ConditionExpression": "attribute_not_exists(pk)"}
        return self._table.transact({"Put": put}, {"Update": count}) is None

    def get(self, tenant_id: str, webhook_id: str) -> Webhook | None:
        """Return a webhook, read consistently, or None if it does not exist."""
        item = self._table.get(_key(tenant_id, f"WEBHOOK#{webhook_id}"))
        return _webhook(item) if item else None

    def list_all(self, tenant_id: str) -> Sequence[Webhook]:
        """Return the webhooks of a tenant, oldest first, read consistently."""
        items = self._table.items(
            "query",
            KeyConditionExpression="pk = :pk AND begins_with(sk, :webhook)",
            ExpressionAttributeValues={":pk": {"S": f"{tenant_id}#WEBHOOKS"}, ":webhook": {"S": "WEBHOOK#"}},
            ConsistentRead=True,
        )
        return sorted(map(_webhook, items), key=lambda webhook: (webhook.created_at, webhook.webhook_id))

    def write(self, tenant_id: str, webhook: Webhook) -> bool:
        """Store a webhook in place of the version before its own and return True.

        Return False and store nothing if another version is stored, or none.
        """
        return self._table.write_if(
            "put_item",
            Item=_item(tenant_id, webhook),
            ConditionExpression="version = :before",
            ExpressionAttributeValues={":before": {"N": str(webhook.version - 1)}},
        )

    def delete(self, tenant_id: str, webhook_id: str) -> bool:
        """Delete a webhook, subtract it from their number, and return True. Return False if it does not exist."""
        delete = {"Key": _key(tenant_id, f"WEBHOOK#{webhook_id}"), "ConditionExpression": "attribute_exists(pk)"}
        count = {
            "Key": _key(tenant_id, "COUNT"),
            "UpdateExpression": "ADD webhooks :one",
            "ExpressionAttributeValues": {":one": {"N": "-1"}},
        }
        # A token of its own: the same request after a new creation is another deletion.
        return self._table.transact({"Delete": delete}, {"Update": count}, token=uuid.uuid4().hex) is None

    def due(self, now: str, limit: int) -> Sequence[Webhook]:
        """Return disabled webhooks, of all tenants, whose tenant was not notified, the longest overdue first.

        They are at most `limit`. `now` is a timestamp. Changes of the last second can be missing.
        """
        return [_webhook(item) for item in self._table.due_items(_DUE, now, limit)]


def _key(tenant_id: str, name: str) -> Item:
    return {"pk": {"S": f"{tenant_id}#WEBHOOKS"}, "sk": {"S": name}}


def _item(tenant_id: str, webhook: Webhook) -> Item:
    if tenant_id != webhook.tenant_id:
        raise ValueError("the webhook belongs to another tenant")
    secrets = [asdict(secret) | {"sealed": b64encode(secret.sealed).decode()} for secret in webhook.secrets]
    fields = asdict(webhook) | {"secrets": secrets}
    due = {"due_pk": {"S": _DUE}, "due_at": {"S": webhook.due_at}} if webhook.due_at else {}
    return {
        **_key(tenant_id, f"WEBHOOK#{webhook.webhook_id}"),
        "webhook": {"S": json.dumps(fields, separators=(",", ":"))},
        "version": {"N": str(webhook.version)},
        **due,
    }


def _webhook(item: Item) -> Webhook:
    fields = json.loads(item["webhook"]["S"])
    secrets = tuple(WebhookSecret(**each | {"sealed": b64decode(each["sealed"])}) for each in fields["secrets"])
    return Webhook(**fields | {"secrets": secrets, "kinds": tuple(fields["kinds"])})
