"""API keys in DynamoDB, peppers in Secrets Manager."""

import uuid
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from vigil.access.keys.model import ApiKey, KeyPage, KeyRecord
from vigil.aws.secrets import Secret
from vigil.aws.tables import Table
from vigil.aws.transactions import Part
from vigil.errors import Conflict

_KEY_FIELDS = tuple(field.name for field in fields(ApiKey))


class DynamoKeys:
    """Keys under `pk = KEY#<id>`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def create(self, tenant_id: str, record: KeyRecord) -> None:
        """Store a new key; raise Conflict on the one in 2**64 chance that its id is taken."""
        if not self._write({"Put": _put(tenant_id, record)}):
            raise Conflict("That id is taken.")

    def find(self, key_id: str) -> KeyRecord | None:
        """Return a key, read consistently, or None."""
        item = self._table.get(_primary_key(key_id))
        return KeyRecord(_key(item), item["digest"]["S"], item["pepper_version"]["S"]) if item else None

    def get(self, tenant_id: str, key_id: str) -> ApiKey | None:
        """Return a tenant's key, read consistently, or None."""
        record = self.find(key_id)
        return record.key if record and record.key.tenant_id == tenant_id else None

    def page(self, tenant_id: str, after: dict[str, str] | None, limit: int) -> KeyPage:
        """Return a page of a tenant's keys, oldest first."""
        items, position = self._table.page("by_tenant", ("list_pk", tenant_id), after, limit)
        return KeyPage(tuple(map(_key, items)), position)

    def rotate(self, tenant_id: str, old: ApiKey, new: KeyRecord) -> bool:
        """Store the new key and give the old one its successor and its end, both or neither."""
        update = {
            "Key": _primary_key(old.key_id),
            "UpdateExpression": "SET expires_at = :end, replaced_by = :new",
            "ConditionExpression": (
                "tenant_id = :tenant AND attribute_not_exists(revoked_at) AND attribute_not_exists(replaced_by)"
            ),
            "ExpressionAttributeValues": {
                ":tenant": {"S": tenant_id},
                ":end": {"S": str(old.expires_at)},
                ":new": {"S": new.key.key_id},
            },
        }
        return self._write({"Put": _put(tenant_id, new)}, {"Update": update})

    def revoke(self, tenant_id: str, key_id: str, at: str) -> bool:
        """Mark a tenant's key revoked, the first time only."""
        change = "SET revoked_at = if_not_exists(revoked_at, :at)"
        return self._update(tenant_id, key_id, change, "tenant_id = :tenant", at)

    def touch(self, tenant_id: str, key_id: str, at: str) -> bool:
        """Note when a key was used, unless it is revoked or gone."""
        condition = "tenant_id = :tenant AND attribute_not_exists(revoked_at)"
        return self._update(tenant_id, key_id, "SET last_used_at = :at", condition, at)

    def _write(self, *parts: Part) -> bool:
        # The token keeps a write that is sent twice after a lost answer from being refused.
        return self._table.transact(*parts, token=uuid.uuid4().hex) is None

    def _update(self, tenant_id: str, key_id: str, change: str, condition: str, at: str) -> bool:
        return self._table.done(
            "update_item",
            Key=_primary_key(key_id),
            UpdateExpression=change,
            ConditionExpression=condition,
            ExpressionAttributeValues={":tenant": {"S": tenant_id}, ":at": {"S": at}},
        )


class SecretPeppers:
    """Peppers from the access secret: `{"pepper_version": "1", "pepper_1": "..."}`."""

    def __init__(self, secret: Secret) -> None:
        self._secret = secret

    def peppers(self) -> tuple[str, Mapping[str, bytes]]:
        """Return the version that new keys use, and every version there is."""
        values = self._secret.values()
        prefix = "pepper_"
        versions = {
            name.removeprefix(prefix): value.encode()
            for name, value in values.items()
            if name.startswith(prefix) and name != "pepper_version"
        }
        return values["pepper_version"], versions


def _primary_key(key_id: str) -> dict[str, dict[str, str]]:
    return {"pk": {"S": f"KEY#{key_id}"}, "sk": {"S": "META"}}


def _put(tenant_id: str, record: KeyRecord) -> dict[str, Any]:
    known = {name: {"S": value} for name in _KEY_FIELDS if (value := getattr(record.key, name)) is not None}
    secret = {"digest": {"S": record.digest}, "pepper_version": {"S": record.pepper_version}}
    place = {"list_pk": {"S": tenant_id}, "list_sk": {"S": f"{record.key.created_at}#{record.key.key_id}"}}
    item = {**_primary_key(record.key.key_id), **known, **secret, **place, "tenant_id": {"S": tenant_id}}
    return {"Item": item, "ConditionExpression": "attribute_not_exists(pk)"}


def _key(item: Any) -> ApiKey:
    return ApiKey(**{name: item[name]["S"] for name in _KEY_FIELDS if name in item})
