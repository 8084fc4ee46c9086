"""Tenants and keys in DynamoDB, peppers in Secrets Manager."""

import json
import uuid
from dataclasses import asdict
from typing import Any

from vigil.access.tenants.model import Tenant, TenantPage, TenantSettings
from vigil.aws.tables import Table
from vigil.aws.transactions import Part
from vigil.errors import Conflict
from vigil.kernel.money import HardStop

Item = dict[str, dict[str, str]]
_TENANTS = "TENANTS"
"""The list of all tenants; in capitals, so that no tenant's own list is called so."""


class DynamoTenants:
    """Tenants under `pk = TENANT#<id>`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def create(self, tenant: Tenant) -> None:
        """Store a new tenant; raise Conflict if the id is taken, be it by one that is closed."""
        put = {"Item": _tenant_item(tenant), "ConditionExpression": "attribute_not_exists(pk)"}
        if not self._write({"Put": put}):
            raise Conflict("That id is taken.")

    def get(self, tenant_id: str) -> Tenant | None:
        """Return a tenant, read consistently, or None."""
        item = self._table.get(_key(tenant_id))
        return _tenant(item) if item else None

    def replace(self, old: Tenant, new: Tenant) -> bool:
        """Replace a tenant under the condition of its version; one that leaves is put on the list of erasures."""
        put = {
            "Item": _tenant_item(new),
            "ConditionExpression": "version = :old",
            "ExpressionAttributeValues": {":old": {"N": str(old.version)}},
        }
        if new.status != "offboarding" or old.status == "offboarding":
            return self._write({"Put": put})
        erasure = {"pk": {"S": "ERASURES"}, "sk": {"S": new.tenant_id}, "started_at": {"S": new.changed_at}}
        return self._write({"Put": put}, {"Put": {"Item": erasure | {"revision": {"N": "0"}}}})

    def page(self, after: dict[str, str] | None, limit: int) -> TenantPage:
        """Return a page of tenants by id, from behind any `tenant_id`, or the first."""
        place = {"pk": f"TENANT#{after['tenant_id']}", "sk": "META", "list_sk": after["tenant_id"]} if after else None
        items, last = self._table.page("by_tenant", ("list_pk", _TENANTS), place, limit)
        return TenantPage(tuple(map(_tenant, items)), {"tenant_id": last["list_sk"]} if last else None)

    def _write(self, *parts: Part) -> bool:
        # A transaction, not a single conditional put: the client library may send a write twice after a lost
        # answer, and the token keeps the second one from being refused.
        return self._table.transact(*parts, token=uuid.uuid4().hex) is None


def _key(tenant_id: str) -> Item:
    return {"pk": {"S": f"TENANT#{tenant_id}"}, "sk": {"S": "META"}}


def _tenant_item(tenant: Tenant) -> Item:
    texts = {name: {"S": getattr(tenant, name)} for name in ("tenant_id", "tier", "status", "created_at", "changed_at")}
    documents = {"overrides": dict(tenant.overrides), "settings": asdict(tenant.settings)}
    return {
        **_key(tenant.tenant_id),
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
