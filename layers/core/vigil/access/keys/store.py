"""API keys in the access table, peppers in Secrets Manager."""

import uuid
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from vigil.access.keys.model import ApiKey, KeyPage, KeyRecord
from vigil.aws.answer_format import answer_format_attribute, read_answer_format
from vigil.aws.secrets import Secret
from vigil.aws.tables import Table
from vigil.aws.transactions import Part
from vigil.errors import Conflict

_SETS = ("permissions", "origins")
_TEXT_FIELDS = tuple(field.name for field in fields(ApiKey) if field.name not in _SETS)


class DynamoKeys:
    """Keys under `pk = KEY#<id>`, listed by the index `by_tenant`, which has neither digests nor permissions."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def create(self, tenant_id: str, record: KeyRecord) -> None:
        """Store a new key; raise Conflict if its id is taken (a chance of one in 2**64)."""
        if not self._write({"Put": _put(tenant_id, record)}):
            raise Conflict("An API key with this id exists; try again.")

    def find(self, key_id: str) -> KeyRecord | None:
        """Return a key by its id alone, read consistently, or None."""
        if (item := self._table.get(_primary_key(key_id))) is None:
            return None
        read_answer_format(item)
        return KeyRecord(_key(item), item["digest"]["S"], item["pepper_version"]["S"])

    def get(self, tenant_id: str, key_id: str) -> ApiKey | None:
        """Return a tenant's key, read consistently, or None."""
        record = self.find(key_id)
        return record.key if record and record.key.tenant_id == tenant_id else None

    def page(self, tenant_id: str, after: dict[str, str] | None, limit: int) -> KeyPage:
        """Return a page of a tenant's keys, oldest first."""
        listed, position = self._table.query_page("by_tenant", ("list_pk", tenant_id), after, limit)
        ids = [item["key_id"]["S"] for item in listed]
        items = {item["key_id"]["S"]: item for item in self._table.get_many(list(map(_primary_key, ids)))}
        return KeyPage(tuple(_key(items[key_id]) for key_id in ids if key_id in items), position)

    def rotate(self, tenant_id: str, old: ApiKey, new: KeyRecord) -> bool:
        """Store the new key and the changes of the old one in one transaction.

        Returns False without writing if the old key was revoked or rotated in the meantime.
        """
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
        """Mark a tenant's key as revoked; a second call has no effect. Return False if the tenant has no such key."""
        change = "SET revoked_at = if_not_exists(revoked_at, :at)"
        return self._update(tenant_id, key_id, change, "tenant_id = :tenant", at)

    def record_use(self, tenant_id: str, key_id: str, at: str) -> bool:
        """Store the time of a key's last use; return False without writing if the key is revoked or unknown."""
        condition = "tenant_id = :tenant AND attribute_not_exists(revoked_at)"
        return self._update(tenant_id, key_id, "SET last_used_at = :at", condition, at)

    def _write(self, *parts: Part) -> bool:
        # The token makes the write safe to send twice, as the client library does after a lost answer.
        return self._table.transact(*parts, token=uuid.uuid4().hex) is None

    def _update(self, tenant_id: str, key_id: str, change: str, condition: str, at: str) -> bool:
        return self._table.write_if(
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
        """Return the version of the pepper for new keys, and the peppers by version."""
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
    known: dict[str, Any] = {
        name: {"S": value} for name in _TEXT_FIELDS if (value := getattr(record.key, name)) is not None
    }
    known |= {name: {"SS": sorted(value)} for name in _SETS if (value := getattr(record.key, name)) is not None}
    secret = {"digest": {"S": record.digest}, "pepper_version": {"S": record.pepper_version}}
    place = {"list_pk": {"S": tenant_id}, "list_sk": {"S": f"{record.key.created_at}#{record.key.key_id}"}}
    owner = {"tenant_id": {"S": tenant_id}, **answer_format_attribute()}
    item = {**_primary_key(record.key.key_id), **known, **secret, **place, **owner}
    return {"Item": item, "ConditionExpression": "attribute_not_exists(pk)"}


def _key(item: Any) -> ApiKey:
    found: dict[str, Any] = {name: item[name]["S"] for name in _TEXT_FIELDS if name in item}
    return ApiKey(**found | {name: frozenset(item[name]["SS"]) for name in _SETS if name in item})
