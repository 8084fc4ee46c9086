"""Keys of tenants without a table."""

import hashlib
from typing import Any

from vigil.kernel.pseudonyms import TenantKey


def tenant_key(tenant_id: str) -> TenantKey:
    """Return the key of a tenant; the same for each call."""
    return TenantKey(tenant_id, hashlib.sha256(tenant_id.encode()).digest())


def key_creation(tenant_id: str, table: str = "tenant_keys") -> dict[str, Any]:
    """Return the transaction part that stores a key without KMS."""
    item = {"pk": {"S": tenant_id}, "wrapped": {"B": tenant_key(tenant_id).secret}, "state": {"S": "ready"}}
    return {"Put": {"TableName": table, "Item": item}}
