"""Identifiers derived from other identifiers."""

import base64
import hashlib

from vigil.kernel.pseudonyms import TenantKey


def stored_decision_id(decision_id: str) -> str:
    """Return the form of a decision id in the keys of tables: `dec_…` for `dec-…`.

    Earlier releases returned ids with `dec_`, which FHIR does not allow. The keys of tables still begin with `dec_`.
    A decision of any release is therefore found by either form of its id, and by its Idempotency-Key.
    """
    return decision_id.replace("dec-", "dec_", 1) if decision_id.startswith("dec-") else decision_id


def derive_id(prefix: str, operation: str, tenant: TenantKey, key: str, generation: int) -> str:
    """Return the id that a tenant's idempotency key gives to the record of an operation.

    Equal arguments give equal ids. `operation` is method and path; `generation` counts the expired uses of the key.
    The id is a digest with the tenant's key, so that it confirms no guess at an idempotency key. A tenant of a release
    without keyed ids has ids without the key, because its idempotency keys must still find its records.
    """
    seed = f"{operation}\n{tenant.tenant_id}\n{generation}\n{key}".encode()
    digest = bytes.fromhex(tenant.digest(seed)) if tenant.has_keyed_ids else hashlib.sha256(seed).digest()
    return prefix + base64.b32hexencode(digest[:20]).decode().lower()
