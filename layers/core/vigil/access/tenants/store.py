"""Tenants and keys in DynamoDB, peppers in Secrets Manager."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from vigil.access.tenants.model import ApiKey, KeyPage, KeyRecord, Tenant, TenantPage, TenantSettings
from vigil.aws.secrets import Secret
from vigil.aws.tables import Table
from vigil.aws.transactions import Part
from vigil.errors import Conflict
from vigil.money.budgets.hard_limits.model import HardStop

Item = dict[str, dict[str, str]]
_TENANTS = "TENANTS"
"""The list of all tenants; in capitals, so that no tenant's own list is called so."""
_KEY_FIELDS = tuple(field.name for field in fields(ApiKey))


class AccessTable(Table):
    """Items of `sk = META`, listed by the index `by_tenant`, which holds no digests."""

    def __init__(self, client: Any, table: str) -> None:
        super().__init__(client, table, "The access table")

    def write(self, *parts: Part) -> bool:
        """Do all parts of a transaction or none; return False if a condition speaks against it.

        Unlike a single conditional put, a transaction that is sent twice for a lost answer is not refused by itself.
        """
        return self.transact(*parts, token=uuid.uuid4().hex) is None


class DynamoTenants:
    """Tenants under `pk = TENANT#<id>`."""

    def __init__(self, table: AccessTable) -> None:
        self._table = table

    def create(self, tenant: Tenant) -> None:
        """Store a new tenant; raise Conflict if the id is taken, be it by one that is closed."""
        put = {"Item": _tenant_item(tenant), "ConditionExpression": "attribute_not_exists(pk)"}
        if not self._table.write({"Put": put}):
            raise Conflict("That id is taken.")

    def get(self, tenant_id: str) -> Tenant | None:
        """Return a tenant, read consistently, or None."""
        item = self._table.get(key_of(f"TENANT#{tenant_id}"))
        return _tenant(item) if item else None

    def replace(self, old: Tenant, new: Tenant) -> bool:
        """Replace a tenant under the condition of its version; one that leaves is put on the list of erasures."""
        put = {
            "Item": _tenant_item(new),
            "ConditionExpression": "version = :old",
            "ExpressionAttributeValues": {":old": {"N": str(old.version)}},
        }
        if new.status != "offboarding" or old.status == "offboarding":
            return self._table.write({"Put": put})
        erasure = {"pk": {"S": "ERASURES"}, "sk": {"S": new.tenant_id}, "started_at": {"S": new.changed_at}}
        return self._table.write({"Put": put}, {"Put": {"Item": erasure | {"revision": {"N": "0"}}}})

    def page(self, after: dict[str, str] | None, limit: int) -> TenantPage:
        """Return a page of tenants by id, from behind any `tenant_id`, or the first."""
        place = {"pk": f"TENANT#{after['tenant_id']}", "sk": "META", "list_sk": after["tenant_id"]} if after else None
        items, last = self._table.page("by_tenant", ("list_pk", _TENANTS), place, limit)
        return TenantPage(tuple(map(_tenant, items)), {"tenant_id": last["list_sk"]} if last else None)


class DynamoKeys:
    """Keys under `pk = KEY#<id>`."""

    def __init__(self, table: AccessTable) -> None:
        self._table = table

    def create(self, tenant_id: str, record: KeyRecord) -> None:
        """Store a new key; raise Conflict on the one in 2**64 chance that its id is taken."""
        if not self._table.write({"Put": _put(tenant_id, record)}):
            raise Conflict("That id is taken.")

    def find(self, key_id: str) -> KeyRecord | None:
        """Return a key, read consistently, or None."""
        item = self._table.get(key_of(f"KEY#{key_id}"))
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
            "Key": key_of(f"KEY#{old.key_id}"),
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
        return self._table.write({"Put": _put(tenant_id, new)}, {"Update": update})

    def revoke(self, tenant_id: str, key_id: str, at: str) -> bool:
        """Mark a tenant's key revoked, the first time only."""
        change = "SET revoked_at = if_not_exists(revoked_at, :at)"
        return self._update(tenant_id, key_id, change, "tenant_id = :tenant", at)

    def touch(self, tenant_id: str, key_id: str, at: str) -> bool:
        """Note when a key was used, unless it is revoked or gone."""
        condition = "tenant_id = :tenant AND attribute_not_exists(revoked_at)"
        return self._update(tenant_id, key_id, "SET last_used_at = :at", condition, at)

    def _update(self, tenant_id: str, key_id: str, change: str, condition: str, at: str) -> bool:
        return self._table.done(
            "update_item",
            Key=key_of(f"KEY#{key_id}"),
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


def key_of(pk: str, sk: str = "META") -> Item:
    """Return an item's primary key."""
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def _put(tenant_id: str, record: KeyRecord) -> dict[str, Any]:
    known = {name: {"S": value} for name in _KEY_FIELDS if (value := getattr(record.key, name)) is not None}
    secret = {"digest": {"S": record.digest}, "pepper_version": {"S": record.pepper_version}}
    place = {"list_pk": {"S": tenant_id}, "list_sk": {"S": f"{record.key.created_at}#{record.key.key_id}"}}
    item = {**key_of(f"KEY#{record.key.key_id}"), **known, **secret, **place, "tenant_id": {"S": tenant_id}}
    return {"Item": item, "ConditionExpression": "attribute_not_exists(pk)"}


def _key(item: Any) -> ApiKey:
    return ApiKey(**{name: item[name]["S"] for name in _KEY_FIELDS if name in item})


def _tenant_item(tenant: Tenant) -> Item:
    texts = {name: {"S": getattr(tenant, name)} for name in ("tenant_id", "tier", "status", "created_at", "changed_at")}
    documents = {"overrides": dict(tenant.overrides), "settings": asdict(tenant.settings)}
    return {
        **key_of(f"TENANT#{tenant.tenant_id}"),
        **texts,
        **{name: {"S": json.dumps(value)} for name, value in documents.items()},
        **({"hard_stop": {"S": json.dumps(asdict(tenant.hard_stop))}} if tenant.hard_stop else {}),
        "version": {"N": str(tenant.version)},
        "list_pk": {"S": _TENANTS},
        "list_sk": {"S": tenant.tenant_id},
    }


def _tenant(item: Any) -> Tenant:
    texts = {name: item[name]["S"] for name in ("tenant_id", "tier", "status", "created_at", "changed_at")}
    return Tenant(
        **texts,
        version=int(item["version"]["N"]),
        overrides=json.loads(item["overrides"]["S"]),
        settings=TenantSettings(**json.loads(item["settings"]["S"])),
        hard_stop=HardStop(**json.loads(item["hard_stop"]["S"])) if "hard_stop" in item else None,
    )
