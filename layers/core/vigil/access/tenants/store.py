"""Tenants in the access table: `pk = TENANT#<id>`, `sk = META`."""

import json
import uuid
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from vigil.access.tenants.model import Tenant, TenantPage, TenantSettings
from vigil.aws.tables import Table
from vigil.aws.transactions import Part
from vigil.errors import Conflict
from vigil.kernel.money import SpendLimit

Item = dict[str, dict[str, str]]
_TENANTS = "TENANTS"
"""Partition of the index `by_tenant` that lists all tenants; upper case, so no tenant id can be the same."""


class DynamoTenants:
    """All tenants. `create_key` returns the transaction part that stores the key of a new tenant."""

    def __init__(self, table: Table, create_key: Callable[[str], Part]) -> None:
        self._table = table
        self._create_key = create_key

    def create(self, tenant: Tenant) -> None:
        """Store a new tenant; raise Conflict if the id is taken, also by a closed tenant."""
        put = {"Item": _tenant_item(tenant), "ConditionExpression": "attribute_not_exists(pk)"}
        if not self._write({"Put": put}, self._create_key(tenant.tenant_id)):
            raise Conflict("A tenant with this id exists or existed. Choose another id.")

    def get(self, tenant_id: str) -> Tenant | None:
        """Return a tenant, read consistently, or None."""
        item = self._table.get(_key(tenant_id))
        return _tenant(item) if item else None

    def replace(self, old: Tenant, new: Tenant) -> bool:
        """Replace a tenant; return False if its version in the store is not the old one.

        A tenant that starts offboarding is added to the list of erasures in the same transaction.
        """
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
        """Return a page of tenants sorted by id, after a `tenant_id` or from the start."""
        place = {"pk": f"TENANT#{after['tenant_id']}", "sk": "META", "list_sk": after["tenant_id"]} if after else None
        items, last = self._table.query_page("by_tenant", ("list_pk", _TENANTS), place, limit)
        return TenantPage(tuple(map(_tenant, items)), {"tenant_id": last["list_sk"]} if last else None)

    def _write(self, *parts: Part) -> bool:
        # The token makes the write safe to send twice, as the client library does after a lost answer. A single
        # conditional put would reject the second one.
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
        **({"hard_stop": {"S": json.dumps(tenant.hard_stop.to_stored())}} if tenant.hard_stop else {}),
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
        hard_stop=SpendLimit.from_stored(json.loads(item["hard_stop"]["S"])) if "hard_stop" in item else None,
    )
